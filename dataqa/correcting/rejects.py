"""The log of records that went: one JSON object a line, with the reason and the record itself."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from dataqa.correcting.interface import Outcome


def reject_log(outcomes: Sequence[tuple[str, Outcome]]) -> bytes:
    """Return one line per record that goes: where it was, why, and what it was.

    ``record`` is the record as JSON with its numbers as they were; a line that is no JSON is in
    ``text``.
    """
    return b"".join(
        orjson.dumps(_entry(source, outcome), option=orjson.OPT_APPEND_NEWLINE)
        for source, outcome in outcomes
        if outcome.change.reasons
    )


def _entry(source: str, outcome: Outcome) -> dict[str, object]:
    change = outcome.change
    record: dict[str, object] = {"record": None, "text": outcome.before}
    try:
        orjson.loads(outcome.record)
        record = {"record": orjson.Fragment(outcome.record.strip())}
    except orjson.JSONDecodeError:
        pass
    return {
        "source": source,
        "line": change.line,
        "key": change.key,
        "reasons": list(change.reasons),
        **record,
    }
