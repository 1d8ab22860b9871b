"""The verdict on loading is that of the real loader, and it names the lines."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dataqa import audit
from dataqa.checks.loading import NAMED, Loading
from dataqa.loading import Verdict, judge, judge_array

if TYPE_CHECKING:
    from tests.conftest import Bench

Load = Callable[[bytes, str], list[dict[str, Any]] | None]


def rows(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def late(usual: dict[str, object], last: dict[str, object]) -> bytes:
    """Lines of one kind for more than one batch of the loader, and one more of another kind."""
    pad = {"text": "x" * 4000}
    one = rows({**pad, **usual})
    return one * (11 * 2**20 // len(one)) + rows({**pad, **last})


LAST = -1
DEEP_LIST, DEEPER_LIST = (b'{"a":' + b"[" * n + b"]" * n + b"}\n" for n in (62, 63))

# name -> content, lines that are refused, lines of mixed types, whether values change
CASES: dict[str, tuple[bytes, list[int], list[int], bool]] = {
    "plain": (rows({"a": "x"}, {"a": "y"}), [], [], False),
    "missing key": (rows({"a": "x", "b": "z"}, {"a": "y"}), [], [], False),
    "new key": (rows({"a": "x"}, {"a": "y", "b": 1}), [], [], False),
    "other order of keys": (rows({"a": 1, "b": 2}, {"b": 3, "a": 4}), [], [], False),
    "number, text": (rows({"a": 1}, {"a": 2}, {"a": "x"}), [], [3], False),
    "text, number": (rows({"a": "x"}, {"a": 1}, {"a": 2}), [], [1], False),
    "boolean, number": (rows({"a": True}, {"a": 1}, {"a": False}), [], [2], False),
    "text, list": (rows({"a": "x"}, {"a": ["y"]}, {"a": "z"}), [], [2], False),
    "text, object": (rows({"a": "x"}, {"a": {"k": 1}}, {"a": "y"}), [], [2], False),
    "mixed list": (rows({"a": [1, 2, "x"]}, {"a": [3]}), [], [1], False),
    "mixed deep inside": (
        rows({"m": [{"c": "x"}]}, {"m": [{"c": "y"}, {"c": 1}]}, {"m": []}),
        [],
        [2],
        False,
    ),
    "null only": (rows({"a": None, "b": "x"}, {"a": None, "b": "y"}), [], [], False),
    "dates": (rows({"a": "2020-01-01"}, {"a": "2021-05-06"}), [], [], True),
    "dates inside": (rows({"m": [{"c": "2020-01-01T10:00:00Z"}]}), [], [], True),
    "dates and text": (rows({"a": "2020-01-01"}, {"a": "hello"}), [], [], False),
    "turns with other keys": (
        rows({"m": [{"role": "u"}]}, {"m": [{"role": "a", "calls": [{"id": "1"}]}]}),
        [],
        [],
        False,
    ),
    "whole and broken numbers": (rows({"a": 1}, {"a": 1.5}), [], [], True),
    "number beyond 64 bits": (b'{"a":1}\n{"a":18446744073709551616}\n', [], [], True),
    "not a number": (b'{"a":1.5}\n{"a":NaN}\n', [], [], False),
    "mark": (b"\xef\xbb\xbf" + rows({"a": 1}), [], [], False),
    "carriage returns": (b'{"a":1}\r\n{"a":2}\r\n', [], [], False),
    "no line end": (b'{"a":1}\n{"a":2}', [], [], False),
    "line separators": ('{"a":"x\u2028y"}\n{"a":"\u0085"}\n'.encode(), [], [], False),
    "blank": (b"\n" + rows({"a": 1}) + b"\n \n" + rows({"a": 2}), [], [], False),
    "blank and mixed": (b"\n" + rows({"a": 1}, {"a": 2}, {"a": "x"}), [1], [4], False),
    "two objects on a line": (b'{"a":1} {"a":2}\n', [], [], True),
    "lone carriage return": (b'{"a":1}\r{"a":2}\n', [], [], True),
    "null": (rows({"a": 1}, None), [], [], True),
    "number": (rows({"a": 1}, 3), [2], [], False),
    "text": (rows({"a": 1}, "x", {"a": 2}), [2], [], False),
    "array": (rows({"a": 1}, [1]), [2], [], False),
    "broken": (rows({"a": 1}) + b"{\n" + rows({"a": 1}) + b'{"a":\n', [2, 4], [], False),
    "same key": (b'{"a":1}\n{"a":1,"a":2}\n', [2], [], False),
    "same key inside": (b'{"a":{"b":1,"b":2}}\n{"a":{"b":1}}\n', [1], [], False),
    "same key and mixed": (b'{"a":1,"b":1,"b":2}\n{"a":2}\n{"a":"x"}\n', [1], [3], False),
    "same key and list": (b'{"a":1,"b":1,"b":2}\n{"a":2}\n{"a":[1]}\n', [], [3], False),
    "bytes in a key": (b'{"a":"x"}\n{"\xff":"x"}\n', [2], [], False),
    "half a pair": (b'{"a":"x"}\n{"a":"\\ud800"}\n', [2], [], False),
    "control character": (b'{"a":"x\ty"}\n{"a":"x"}\n', [1], [], False),
    "bytes": (b'{"a":"x"}\n{"a":"\xff"}\n', [2], [], False),
    "no fields": (rows({}, {}), [1], [], False),
    "deep": (DEEP_LIST, [], [], False),
    "too deep": (DEEPER_LIST, [1], [], False),
    "long line": (rows({"a": "x" * 400_000}, {"a": "y"}), [], [], False),
    "late text": (late({"n": 1}, {"n": "x"}), [LAST], [LAST], True),
    "late number": (late({"n": "x"}, {"n": 1}), [], [LAST], True),
    "late fraction": (late({"n": 1}, {"n": 1.5}), [LAST], [], False),
    "late value": (late({"n": None}, {"n": "x"}), [LAST], [], False),
    "late key": (late({}, {"z": 1}), [LAST], [], False),
    "late key inside": (late({"m": {"a": 1}}, {"m": {"a": 1, "b": 2}}), [LAST], [], False),
    "late key in a list": (late({"m": [{"a": 1}]}, {"m": [{"b": 2}]}), [LAST], [], False),
    "late missing key": (late({"z": 1}, {}), [], [], False),
    "late no date": (late({"n": "2020-01-01"}, {"n": "x"}), [LAST], [], True),
    "late broken": (late({}, {}) + b"{\n", [LAST], [], False),
}


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """Load bytes with the real loader: the records, or ``None`` where it refuses."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("HF_DATASETS_OFFLINE", "1")
        patch.setenv("HF_HUB_OFFLINE", "1")
        datasets = pytest.importorskip("datasets")
        datasets.disable_progress_bars()
        datasets.logging.set_verbosity(datasets.logging.CRITICAL)

        def loaded(content: bytes, name: str) -> list[dict[str, Any]] | None:
            folder = tmp_path_factory.mktemp("load")
            (folder / name).write_bytes(content)
            with contextlib.suppress(Exception):
                made = datasets.load_dataset(
                    "json",
                    data_files=str(folder / name),
                    cache_dir=str(folder / "cache"),
                    split="train",
                )
                records: list[dict[str, Any]] = made.to_list()
                return records
            return None

        yield loaded


def verdict(content: bytes) -> Verdict:
    return judge(io.BytesIO(content))


def lines(found: Verdict, code: str) -> list[int]:
    return [remark.line for remark in found.remarks if remark.code == code]


@pytest.mark.parametrize("name", CASES)
def test_verdict_is_that_of_the_loader(name: str, load: Load) -> None:
    content, refused, _, changed = CASES[name]
    records = load(content, "data.jsonl")
    assert (records is None) == bool(refused)
    if records is not None:
        assert same(records, written(content)) != changed


def written(content: bytes) -> list[Any]:
    """What the lines say; the bytes of a line that does not say one thing."""
    said: list[Any] = []
    for row in content.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        try:
            said += [json.loads(row)] if row.strip() else []
        except ValueError:
            said.append(row)
    return said


def same(loaded: list[Any], written: list[Any]) -> bool:
    """Compare records as Python compares values; an absent key is as good as a null."""
    return len(loaded) == len(written) and all(map(equal, loaded, written))


def equal(left: object, right: object) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return all(equal(left.get(key), right.get(key)) for key in left.keys() | right.keys())
    if isinstance(left, list) and isinstance(right, list):
        return same(left, right)
    both_nan = left != left and right != right
    return both_nan or (left == right and isinstance(left, float) == isinstance(right, float))


@pytest.mark.parametrize("name", CASES)
def test_lines_to_blame_are_named(name: str) -> None:
    content, refused, mixed, changed = CASES[name]
    count = len(content.removesuffix(b"\n").split(b"\n"))
    found = verdict(content)
    assert lines(found, "refused") == [count if line == LAST else line for line in refused]
    assert lines(found, "mixed_types") == [count if line == LAST else line for line in mixed]
    assert bool(lines(found, "changed")) == changed
    assert found.refused == bool(refused)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"null\n", b"null\n \nnull"])
def test_file_without_records_is_refused(content: bytes) -> None:
    """The real loader refuses them, too, or ends the whole process."""
    assert verdict(content).refused


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        (b'[{"a": 1}, {"a": 2}]', False),
        (b'[{"a": 1},\n {"a": "x"}]', False),
        (b'["x", "y"]', False),
        (b'[{"a": 1}, {"a": 2}', True),
        (b'[{"a": 1}, 7, {"a": 2}]', True),
    ],
)
def test_array_is_judged_as_a_whole(content: bytes, refused: bool, load: Load) -> None:
    assert (load(content, "data.json") is None) == refused
    assert judge_array(content).refused == refused


# The check


def test_findings_stand_at_the_records(bench: Bench) -> None:
    found = bench.find(
        Loading(),
        [
            {"id": "a", "text": "x", "n": 1, "day": "2020-01-01"},
            {"id": "b", "text": "y", "n": 2},
            {"id": "c", "text": "z", "n": "three"},
            "{broken",
        ],
    )
    rows = found.findings[["line", "code", "id", "score"]].fillna("").to_numpy().tolist()
    assert rows == [
        [4, "loading.refused", "", 1.0],
        [3, "loading.mixed_types", "c", 0.9],
        [0, "loading.changed", "", 0.4],
    ]
    assert found.findings["evidence"].to_list()[1] == {"field": "n"}
    assert "datasets before version 5" in found.findings["message"][1]
    assert found.metrics == {"loading.refused_rate": 1.0}


def test_rate_counts_records_of_refused_files(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(rows(*[{"text": f"a{n}"} for n in range(3)]) + b"{\n")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(rows({"text": "b"})))
    result = audit(tmp_path, select=("loading",))
    assert result.metrics["loading.refused_rate"] == pytest.approx(3 / 4)
    assert result.checks["loading"].status == "ok"


def test_formats_that_the_loader_does_not_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nx,a\n")
    check = audit(tmp_path / "a.csv", select=("loading",)).checks["loading"]
    assert check.status == "skipped"
    assert "a.csv: not judged, because it holds no JSON Lines" in str(check.reason)


def test_standard_input_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(rows({"text": "x"}))))
    check = audit("-", select=("loading",)).checks["loading"]
    assert "standard input cannot be read twice" in str(check.reason)


def test_objects_of_different_keys_are_noted(bench: Bench) -> None:
    found = bench.find(Loading(), [{"text": "a", "m": {"x": 1}}, {"text": "b", "m": {"y": 1}}])
    assert found.findings.empty
    assert "objects in 'm' have different keys" in found.notes[0]


def test_many_lines_are_counted_after_the_first(bench: Bench) -> None:
    records = [{"text": "a", "n": n if n % 2 else str(n)} for n in range(2 * NAMED + 21)]
    found = bench.find(Loading(), records)
    assert len(found.findings) == NAMED
    assert "10 more lines are mixed_types (n)" in found.notes[0]
