"""Write the sample data folders: believable support tickets with planted faults.

Run ``python sample_data/make.py [--out DIR]``. The same bytes come out every time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import alike  # noqa: E402
import fields  # noqa: E402
import leaking  # noqa: E402
import plant  # noqa: E402
import several  # noqa: E402
import shapes  # noqa: E402
from plant import MISLABELED, Item  # noqa: E402
from tickets import Writer, load_tables  # noqa: E402

PASSING = {"PASS": 0, "UNDECIDED": 3}
FAILING = {"FAIL": 1, "UNDECIDED": 3}

EXACT_CODES = (
    "schema.not_json",
    "schema.not_object",
    "schema.no_usable_fields",
    "schema.wrong_type",
    "schema.missing_prompt",
    "schema.empty_prompt",
    "schema.missing_response",
    "schema.empty_response",
    "schema.missing_label",
    "duplicates.exact",
    "duplicates.conflict",
)
"""Codes about which every folder is exact: what is not planted must not be reported."""

TURNS = (
    "conversations.unknown_role",
    "conversations.system_not_first",
    "conversations.no_assistant",
    "conversations.no_trained_turn",
    "conversations.last_not_assistant",
    "conversations.not_alternating",
    "conversations.empty_turn",
    "conversations.unreadable_call",
    "conversations.call_without_result",
    "conversations.result_without_call",
    "conversations.bad_weight",
)

FORMATS = (
    "responses.same_pair",
    "responses.off_format",
    "responses.broken_json",
    "responses.missing_field",
    "responses.field_type",
    "responses.extra_field",
    "responses.unknown_label",
)
ANSWERING = ("schema", "content", "lengths", "responses", "duplicates", "outliers")
CUTS = tuple(
    f"lengths.{code}" for code in ("no_answer_left", "same_after_cut", "answer_cut", "text_cut")
)
ALIKE = ("duplicates.near", "duplicates.near_conflict", "duplicates.contradiction")
CHATTING = ("schema", "content", "conversations", "duplicates", "outliers")


class Folder(NamedTuple):
    """How a folder of sample data is built and what a run on it must find."""

    build: Callable[[Writer], list[Item]]
    seed: int
    verdicts: dict[str, int] = PASSING
    """Allowed states with their exit codes."""
    bounds: Mapping[str, Mapping[str, float]] = MappingProxyType({})
    """Least recall and precision for the codes that are not exact."""
    exact: tuple[str, ...] = ()
    """Codes beside ``EXACT_CODES`` about which the folder is exact."""
    ran: tuple[str, ...] = ("schema", "content", "duplicates", "outliers", "labels")
    """Checks that must have something to do in the folder; others may be skipped."""
    args: tuple[str, ...] = ()
    """Extra arguments of the run; a name that ends in .jsonl is a file of the folder."""


LINE_CODES = ("duplicate_key", "big_number", "blank_line", "byte_order_mark", "minority_shape")


def exact(check: str, codes: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Expect exactly the planted lines for codes about which not every folder is exact."""
    return {f"{check}.{code}": {"exact": True} for code in codes}


FOLDERS = {
    "clean": Folder(plant.clean, 11),
    "noisy": Folder(
        plant.noisy, 12, FAILING, {MISLABELED: {"min_recall": 0.6, "min_precision": 0.8}}
    ),
    "schema": Folder(plant.schema, 13),
    "lines": Folder(plant.lines, 17, bounds=exact("schema", LINE_CODES)),
    "loading": Folder(plant.loading, 18, bounds=exact("loading", ("refused", "mixed_types"))),
    "duplicates": Folder(plant.duplicates, 14, exact=ALIKE),
    "near_duplicates": Folder(alike.near_duplicates, 24, exact=ALIKE),
    "answers": Folder(
        alike.answers,
        25,
        exact=(*ALIKE, "duplicates.same_prompt", "duplicates.same_answer"),
        ran=("schema", "content", "duplicates", "outliers"),
    ),
    "outliers": Folder(
        plant.outliers,
        15,
        bounds={
            f"outliers.{code}": {"min_recall": 0.6, "min_precision": 0.5}
            for code in ("far", "format", "wrong_language")
        },
    ),
    "leakage": Folder(
        leaking.leakage,
        35,
        bounds={
            "leakage.passage": {"min_recall": 0.9, "min_precision": 0.6},
            "leakage.rephrased": {"min_recall": 0.8, "min_precision": 0.4},
        },
        exact=("leakage.verbatim", "leakage.near"),
        ran=("schema", "content", "duplicates", "leakage", "outliers", "labels"),
        args=("--eval", "eval.jsonl"),
    ),
    "labels": Folder(
        plant.labels, 16, bounds={MISLABELED: {"min_recall": 0.7, "min_precision": 0.6}}
    ),
    "annotators": Folder(
        several.annotators,
        21,
        bounds={"annotators.outvoted": {"min_recall": 1.0, "min_precision": 0.9}},
        exact=(
            "annotators.split",
            "annotators.label_differs",
            "annotators.unknown_label",
            "annotators.unreadable",
        ),
        ran=("schema", "content", "duplicates", "outliers", "labels", "annotators"),
        args=("--annotators-field", "votes"),
    ),
    "multilabel": Folder(
        several.multilabel,
        22,
        {"UNDECIDED": 3},
        bounds={
            "multilabel.missing_label": {"min_recall": 0.4, "min_precision": 0.5},
            "multilabel.wrong_label": {"min_recall": 0.6, "min_precision": 0.4},
        },
        exact=("multilabel.unreadable",),
        ran=("schema", "content", "duplicates", "outliers", "multilabel"),
    ),
    "chat": Folder(shapes.chat, 17, exact=TURNS, ran=CHATTING),
    "sharegpt": Folder(shapes.sharegpt, 18, exact=TURNS, ran=CHATTING),
    "classification": Folder(
        fields.classification,
        22,
        exact=(
            "schema.empty_label",
            "label_names.spelling",
            "label_names.near_name",
            "label_names.spaces",
            "label_names.mixed_type",
            "label_names.rare_name",
        ),
    ),
    "language": Folder(
        fields.language,
        26,
        exact=("language.foreign_prompt", "language.foreign_context", "language.foreign_response"),
        ran=(*ANSWERING, "language"),
    ),
    "prompt_completion": Folder(fields.prompt_completion, 23, exact=FORMATS, ran=ANSWERING),
    "preference": Folder(
        fields.preference,
        24,
        exact=(*FORMATS, "schema.missing_rejected", "schema.empty_rejected"),
        ran=ANSWERING,
    ),
    "kto": Folder(fields.kto, 25, exact=FORMATS, ran=(*ANSWERING, "labels")),
    "lengths": Folder(
        fields.lengths,
        19,
        exact=CUTS,
        ran=("schema", "content", "lengths", "duplicates", "outliers"),
        args=("--max-length", str(fields.LIMIT)),
    ),
}


def render(item: Item, line: int) -> str:
    """Return the text of a line; tickets get their id from its number."""
    if item.value is None:
        return ""
    if isinstance(item.value, plant.Raw):
        return str(item.value)
    is_ticket = isinstance(item.value, dict) and "instruction" in item.value
    value = {"id": f"t-{line:04d}", **item.value} if is_ticket else item.value
    text = json.dumps(value, ensure_ascii=False)
    return text[: len(text) - item.cut]


def expectation(folder: Folder, items: list[Item]) -> dict[str, object]:
    """Return what a run on the folder may and must report."""
    findings = {
        code: {
            "lines": [line for line, item in enumerate(items, 1) if code in item.codes],
            **folder.bounds.get(code, {"exact": True}),
        }
        for code in (*EXACT_CODES, *folder.exact, *folder.bounds)
    }
    return {
        "args": list(folder.args),
        "states": list(folder.verdicts),
        "exit_codes": list(folder.verdicts.values()),
        "ran": list(folder.ran),
        "findings": findings,
        "truth": {str(line): item.note for line, item in enumerate(items, 1) if item.note},
    }


def write_folder(path: Path, folder: Folder) -> None:
    """Write ``data.jsonl``, further files where there are any, and ``expected.json``."""
    items = folder.build(Writer(load_tables(), folder.seed))
    path.mkdir(parents=True, exist_ok=True)
    for name in dict.fromkeys(item.file for item in items):
        own = [item for item in items if item.file == name]
        lines = [render(item, line) for line, item in enumerate(own, 1)]
        _write(path / f"{name}.jsonl", "\n".join(lines))
    data = [item for item in items if item.file == "data"]
    expected = json.dumps(expectation(folder, data), ensure_ascii=False, indent=1)
    _write(path / "expected.json", expected)


def _write(path: Path, text: str) -> None:
    path.write_bytes(f"{text}\n".encode(errors="surrogateescape"))


def main() -> None:
    """Write all folders."""
    parser = argparse.ArgumentParser(description="Write the sample data folders.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    out = parser.parse_args().out
    for name, folder in FOLDERS.items():
        write_folder(out / name, folder)


if __name__ == "__main__":
    main()
