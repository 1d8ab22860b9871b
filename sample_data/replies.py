"""Write the answers of the support team to the sample tickets."""

from __future__ import annotations

import random

OPENINGS = (
    "Thank you for your message.",
    "Thanks for writing to us.",
    "I am sorry for the trouble.",
    "Thank you for letting us know.",
    "I understand, and I am happy to help.",
)
STEPS = {
    "billing": (
        "I have checked the invoice and corrected the amount.",
        "The second charge will be taken back within three working days.",
        "A new invoice with your tax number is on its way to you.",
        "Please update the card under Settings, then Payment.",
    ),
    "refund": (
        "The refund was approved today and reaches your account within five days.",
        "Please send the item back with the label that I attached to this message.",
        "We refund the full price, shipping included.",
        "A refund needs the order number; please send it to us.",
    ),
    "login": (
        "I have unlocked the account; please choose a new password.",
        "The code is valid for ten minutes; please ask for a new one.",
        "Please sign out on all devices and try once more.",
        "The link was sent again, please look into the spam folder, too.",
    ),
    "shipping": (
        "The parcel left our warehouse this morning and arrives in two days.",
        "The courier will try again tomorrow between nine and noon.",
        "I have changed the address of the delivery.",
        "We send a replacement today at no cost.",
    ),
    "bug_report": (
        "We could reproduce the fault and fix it with the next update.",
        "Please install the latest version and start the device again.",
        "I have passed the report on to our developers.",
        "Could you send us the log file from the settings page?",
    ),
    "feature_request": (
        "I have added your wish to our list.",
        "This is planned for the summer.",
        "You can do this already under Settings, then Automation.",
        "Several customers asked for it, and the team is looking into it.",
    ),
    "cancellation": (
        "Your plan ends on the last day of this month.",
        "I have stopped the renewal; nothing more will be charged.",
        "You can cancel at any time under Settings, then Plan.",
        "The cancellation is confirmed; your data stay for thirty days.",
    ),
    "account_data": (
        "I have changed the name on the account.",
        "An export of your data is ready for download.",
        "We delete the account within thirty days.",
        "Please confirm the new address with the link that we sent.",
    ),
}
"""What the team does about a ticket, by label."""
CLOSINGS = (
    "Please write again if anything is unclear.",
    "Have a good day.",
    "Let us know whether this helped.",
    "We look forward to hearing from you.",
    "",
)
REBUFFS = (
    "Please read the help pages.",
    "That is not our problem.",
    "We cannot do anything about it.",
    "Write to somebody else.",
    "You should have read the terms.",
)


def reply(rng: random.Random, label: str) -> str:
    """Write a good answer to a ticket."""
    steps = rng.sample(STEPS[label], 2)
    return " ".join(filter(None, (rng.choice(OPENINGS), *steps, rng.choice(CLOSINGS))))


def rebuff(rng: random.Random) -> str:
    """Write a bad one."""
    return " ".join(rng.sample(REBUFFS, 2))
