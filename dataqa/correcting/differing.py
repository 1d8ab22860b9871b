"""What a correction changes, as a unified diff that is safe to print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from dataqa.correcting.interface import Outcome
from dataqa.quoting import log_line

AROUND = 80
"""Characters of a long line that are shown before and after what changes."""
SHOWN = 400
"""Longest line that is shown whole."""


def diff(outcomes: Sequence[tuple[str, Outcome]]) -> Iterator[str]:
    """Yield the lines of a unified diff without context.

    Control characters are replaced and long lines are cut around the change, so it is for
    reading; no program can apply it.
    """
    for source, group in groupby(outcomes, key=lambda pair: pair[0]):
        yield f"--- {log_line(source)}"
        yield f"+++ {log_line(source)} (corrected)"
        shift = 0
        for _, outcome in group:
            line, stays = outcome.change.line, outcome.after is not None
            yield f"@@ -{line} +{line - shift}{'' if stays else ',0'} @@"
            old, new = _cut(outcome.before, outcome.after or "")
            yield f"-{log_line(old)}"
            if stays:
                yield f"+{log_line(new)}"
            else:
                yield f"# goes: {log_line('; '.join(outcome.change.reasons))}"
                shift += 1


def _cut(old: str, new: str) -> tuple[str, str]:
    """Cut two long lines to what differs between them and some of what is around it."""
    if max(len(old), len(new)) <= SHOWN:
        return old, new
    most = min(len(old), len(new))
    start = next((at for at in range(most) if old[at] != new[at]), most)
    end = next((at for at in range(most - start) if old[-1 - at] != new[-1 - at]), most - start)
    return tuple(_window(text, start, len(text) - end) for text in (old, new))  # type: ignore[return-value]


def _window(text: str, start: int, stop: int) -> str:
    first, last = max(0, start - AROUND), min(stop, start + SHOWN) + AROUND
    shown = text[first:last]
    return f"{'…' if first else ''}{shown}{'…' if last < len(text) else ''}"
