"""From bytes to records: lines, offsets, encodings, faults and refusals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa import Config, InputError, read
from dataqa.dataset import FAULT_DTYPES, FRAME_DTYPES, Dataset
from dataqa.formats import choose_shapes
from dataqa.reading import jsonl as reader
from dataqa.reading.interface import Part, Wanted

if TYPE_CHECKING:
    from tests.conftest import Line

Write = Callable[..., Path]

WANTED = Wanted(choose_shapes("auto", None, None, None))
GOOD = b'{"text": "hello", "label": "a"}'


def read_bytes(folder: Path, content: bytes, name: str = "data.jsonl") -> Dataset:
    path = folder / name
    path.write_bytes(content)
    return read([path])


def in_order(dataset: Dataset) -> pd.DataFrame:
    return dataset.frame.iloc[dataset.input_order].reset_index(drop=True)


def parts(path: Path, size: int) -> list[Part]:
    return [reader.parse(chunk) for chunk in reader.chunks(path, "x", WANTED, size)]


# Lines and offsets


def test_columns_have_their_dtypes(tmp_path: Path) -> None:
    dataset = read_bytes(tmp_path, GOOD + b"\n{\n")
    assert dataset.frame.dtypes.astype(str).to_dict() == FRAME_DTYPES
    assert dataset.faults.dtypes.astype(str).to_dict() == FAULT_DTYPES


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n \n"])
def test_the_last_line_needs_no_line_end(tmp_path: Path, end: bytes) -> None:
    dataset = read_bytes(tmp_path, GOOD + b"\n" + GOOD + end)
    assert in_order(dataset)["line"].to_list() == [1, 2]
    assert set(dataset.faults["code"]) <= {"blank_line"}
    assert len(dataset.faults) == max(0, end.count(b"\n") - 1)


def test_blank_lines_count_but_are_no_records(tmp_path: Path) -> None:
    dataset = read_bytes(tmp_path, b"\n" + GOOD + b"\n \t\r\n" + GOOD + b"\n")
    assert in_order(dataset)["line"].to_list() == [2, 4]
    assert dataset.faults[["line", "code"]].to_numpy().tolist() == [
        [1, "blank_line"],
        [3, "blank_line"],
    ]
    assert dataset.unreadable == 0


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_offsets_point_at_the_lines(tmp_path: Path, end: bytes) -> None:
    lines = [b'{"text": "\xc3\xa9 %d"}' % number for number in range(5)]
    content = end.join([*lines, b"{broken", GOOD])
    dataset = read_bytes(tmp_path, content)
    for _, row in in_order(dataset).iterrows():
        assert content[row["offset"] :].startswith(content.split(end)[row["line"] - 1])
    assert content[dataset.faults["offset"][0] :].startswith(b"{broken")


def test_a_byte_order_mark_is_skipped_told_and_counted_in_offsets(tmp_path: Path) -> None:
    dataset = read_bytes(tmp_path, b"\xef\xbb\xbf" + GOOD + b"\n" + GOOD)
    assert in_order(dataset)["offset"].to_list() == [3, 3 + len(GOOD) + 1]
    assert dataset.faults[["line", "code"]].to_numpy().tolist() == [[1, "byte_order_mark"]]


def test_a_carriage_return_alone_ends_no_line(tmp_path: Path) -> None:
    dataset = read_bytes(tmp_path, GOOD + b"\r" + GOOD + b"\n" + GOOD)
    assert dataset.frame["line"].to_list() == [2]
    assert dataset.faults["line"].to_list() == [1]


def test_line_separators_of_unicode_end_no_line(tmp_path: Path) -> None:
    dataset = read_bytes(tmp_path, '{"text": "a\u2028b\u0085c"}\n{"text": "d"}'.encode())
    assert in_order(dataset)["prompt"].to_list() == ["a\u2028b\u0085c", "d"]


@settings(deadline=None, max_examples=50, derandomize=True)
@given(
    lines=st.lists(
        st.sampled_from([GOOD, b"", b" ", b"{", b"[]", '{"text": "\u2028é"}'.encode(), b"{}"]),
        min_size=1,
        max_size=12,
    ),
    bom=st.booleans(),
    end=st.sampled_from([b"\n", b"\r\n"]),
    size=st.integers(1, 80),
)
def test_any_chunk_size_reads_the_same(
    lines: list[bytes], bom: bool, end: bytes, size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "chunks.jsonl"
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + end.join(lines) + b"x")
    whole, cut = parts(path, 10**9), parts(path, size)
    assert placed(cut) == placed(whole)
    assert sum(part.lines for part in cut) == len(lines)


def placed(found: list[Part]) -> list[tuple[Any, ...]]:
    """Rows and faults of parts with line numbers of the file."""
    rows: list[tuple[Any, ...]] = []
    before = 0
    for part in found:
        for table in (part.frame, part.faults):
            kept = table.assign(line=table["line"] + before).astype(object)
            rows += kept.where(kept.notna(), None).itertuples(index=False, name=None)
        before += part.lines
    return sorted(rows, key=repr)


def test_line_numbers_go_on_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader.chunks, "__defaults__", (40,))
    content = b"".join(b'{"text": "%d"}\n{broken\n\n' % number for number in range(50))
    dataset = read_bytes(tmp_path, content)
    frame = in_order(dataset)
    assert frame["line"].to_list() == [3 * number + 1 for number in range(50)]
    assert frame["prompt"].to_list() == [str(number) for number in range(50)]
    broken = dataset.faults[dataset.faults["code"] == "not_json"]
    assert broken["line"].to_list() == [3 * number + 2 for number in range(50)]


# Faults


@pytest.mark.parametrize(
    ("line", "code", "part_of_message"),
    [
        (b'{"text": "x"', "not_json", "not JSON at byte 13 of the line"),
        (b"hello", "not_json", "not JSON"),
        (b'{"text": NaN}', "not_json", "not JSON"),
        (b'{"text": "\xff"}', "not_json", "not JSON"),
        (b'{"text": "\\ud800"}', "not_json", "not JSON"),
        (b'{"text": "a\x00b"}', "not_json", "not JSON"),
        (b'{"text": "x"} {"text": "y"}', "not_json", "not JSON"),
        ('{"é": x}'.encode(), "not_json", "byte 8 of the line"),
        (b"[" * 5000 + b"]" * 5000, "not_json", "nested more than 1,000 levels"),
        (b"[]", "not_object", "an array, not an object"),
        (b'"x"', "not_object", "a string, not an object"),
        (b"12", "not_object", "a number, not an object"),
        (b"1.5", "not_object", "a number, not an object"),
        (b"true", "not_object", "a boolean, not an object"),
        (b"null", "not_object", "null, not an object"),
    ],
)
def test_a_line_that_is_no_record_is_a_fault_and_costs_no_other(
    tmp_path: Path, line: bytes, code: str, part_of_message: str
) -> None:
    padding = GOOD + b"\n"
    dataset = read_bytes(tmp_path, padding * 300 + line + b"\n" + GOOD)
    assert len(dataset) == 301
    assert dataset.unreadable == 1
    assert dataset.faults[["line", "code"]].to_numpy().tolist() == [[301, code]]
    assert part_of_message in dataset.faults["message"][0]


def test_a_record_without_usable_fields_names_those_it_has(tmp_path: Path) -> None:
    dataset = read_bytes(tmp_path, GOOD + b'\n{"body": "x", "topic": "y"}\n{}')
    assert dataset.faults["code"].to_list() == ["no_usable_fields"] * 2
    assert "fields seen: 'body', 'topic'" in dataset.faults["message"][0]
    assert "fields seen: none" in dataset.faults["message"][1]
    assert (len(dataset), dataset.unreadable) == (3, 0)


def test_a_field_of_the_wrong_type_is_a_fault_with_the_type(tmp_path: Path) -> None:
    dataset = read_bytes(tmp_path, b'{"text": ["x"], "label": {"a": 1}}')
    assert dataset.faults["code"].to_list() == ["wrong_type"] * 2
    assert "'text' is of JSON type array" in dataset.faults["message"][0]
    assert "'label' is of JSON type object" in dataset.faults["message"][1]


DEEP = b'{"a":' * 400 + b"1" + b"}" * 400


@pytest.mark.parametrize(
    "record",
    [
        b'{"other": ' + DEEP + b"}",
        b'{"text": ' + DEEP + b"}",
        b'{"text": "x", "label": ' + DEEP + b"}",
        b'{"text": "x", "id": ' + DEEP + b"}",
        b'{"text": "x", "extra": ' + DEEP + b"}",
        b'{"text": "x", "id": ' + b"9" * 400 + b"}",
        b'{"text": ' + b"9" * 400 + b', "label": 1e400}',
        b'{"other": ' + b"9" * 400 + b"}",
        b'{"text": "x", "id": 18446744073709551616}',
        b'{"text": "x", "label": -9223372036854775809}',
    ],
    ids=lambda record: record[:24].decode(),
)
def test_deep_nesting_and_huge_numbers_cost_no_other_record(tmp_path: Path, record: bytes) -> None:
    dataset = read_bytes(tmp_path, GOOD + b"\n" + record + b"\n" + GOOD)
    assert len(dataset) + dataset.unreadable == 3
    assert dataset.unreadable == len(dataset.faults[dataset.faults["code"] == "not_json"])


def test_the_last_of_two_equal_keys_counts(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, b'{"text": "x", "text": "y"}').frame["prompt"][0] == "y"


# Refusals


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty (0 bytes)"),
        (b"\n \r\n\n", "holds only blank lines"),
        (b"\xef\xbb\xbf", "holds only blank lines"),
        (b"\xef\xbb\xbf\n", "holds only blank lines"),
        (b"PK\x03\x04\x00\x00", "is a ZIP archive"),
        (GOOD.decode().encode("utf-16"), "binary or UTF-16"),
        (GOOD.decode().encode("utf-16-le"), "binary or UTF-16"),
        (b"text,label\nhello,a\n", "no line is a JSON object; line 1"),
        (b"[1]\n[2]\n", "no line is a JSON object; line 1: an array"),
        (b"\x1f\x8b\x08" + b"\xff" * 40, "is compressed with gzip"),
        (b'{"body": "x", "topic": "y"}', "fields seen: 'body', 'topic'"),
        (b"{}", "fields seen: none"),
    ],
)
def test_a_file_without_records_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_bytes(tmp_path, content)
    assert message in caught.value.message
    assert "data.jsonl" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["data.xlsx", "data.csv.bz2", "data", "data.gz"])
def test_an_unknown_file_format_is_refused_with_the_known(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="is not supported") as caught:
        read_bytes(tmp_path, GOOD, name)
    assert ".jsonl" in caught.value.hint


@pytest.mark.parametrize("name", ["data.ndjson", "DATA.JSONL"])
def test_other_suffixes_of_json_lines(tmp_path: Path, name: str) -> None:
    assert len(read_bytes(tmp_path, GOOD, name)) == 1


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read([tmp_path / "absent.jsonl"])
    with pytest.raises(InputError, match="is a directory without data files"):
        read([tmp_path])


def test_the_same_file_twice_is_refused(tmp_path: Path, jsonl: Write) -> None:
    path = jsonl(tmp_path, [GOOD])
    (tmp_path / "link.jsonl").symlink_to(path)
    for other in (path, tmp_path / "." / "data.jsonl", tmp_path / "link.jsonl"):
        with pytest.raises(InputError, match="named twice"):
            read([path, other])


def test_a_named_field_that_no_record_has_is_refused(tmp_path: Path, jsonl: Write) -> None:
    path = jsonl(tmp_path, [GOOD])
    with pytest.raises(InputError, match="no record has a field 'body'"):
        read([path], Config(text_field="body"))


# Datasets


def test_several_files_keep_their_lines_and_order(tmp_path: Path, jsonl: Write) -> None:
    paths = [
        jsonl(tmp_path, [{"text": f"{name}{n}"} for n in range(3)] + ["{"], f"{name}.jsonl")
        for name in ("z", "a")
    ]
    dataset = read(paths)
    frame = in_order(dataset)
    assert frame["prompt"].to_list() == ["z0", "z1", "z2", "a0", "a1", "a2"]
    assert frame["line"].to_list() == [1, 2, 3] * 2
    assert dataset.faults[["source", "line"]].to_numpy().tolist() == [
        [str(path), 4] for path in paths
    ]
    assert [file.records for file in dataset.files] == [3, 3]


def test_one_file_without_records_beside_a_good_one_is_no_refusal(
    tmp_path: Path, jsonl: Write
) -> None:
    paths = [jsonl(tmp_path, [GOOD], "a.jsonl"), jsonl(tmp_path, ["{"], "b.jsonl")]
    dataset = read(paths)
    assert (len(dataset), dataset.unreadable) == (1, 1)


def test_the_hash_is_that_of_the_file(tmp_path: Path, jsonl: Write) -> None:
    one = jsonl(tmp_path, [GOOD], "a.jsonl")
    other = jsonl(tmp_path, [GOOD, GOOD], "b.jsonl")
    assert read([one]).sha256 == hashlib.sha256(one.read_bytes()).hexdigest()
    assert read([one, other]).sha256 != read([other, one]).sha256


def test_records_stand_by_key_whatever_the_order_of_the_file(tmp_path: Path, jsonl: Write) -> None:
    records: list[Line] = [{"text": f"text {number}", "label": "a"} for number in range(20)]
    forth = read([jsonl(tmp_path, records)])
    back = read([jsonl(tmp_path, records[::-1])])
    assert forth.frame["key"].to_list() == back.frame["key"].to_list()
    assert forth.frame["key"].is_monotonic_increasing
    assert (forth.frame["line"] + back.frame["line"] == 21).all()


def test_texts_leave_the_response_out_where_there_are_labels(tmp_path: Path, jsonl: Write) -> None:
    record = {"instruction": "i", "input": "c", "output": "o"}
    assert read([jsonl(tmp_path, [record])]).texts == ["i\n\nc\n\no"]
    assert read([jsonl(tmp_path, [record | {"label": "l"}])]).texts == ["i\n\nc"]


def test_a_prompt_that_all_records_repeat_is_not_quoted(tmp_path: Path, jsonl: Write) -> None:
    records = [{"instruction": "Classify.", "input": f"text {n}", "label": "a"} for n in range(30)]
    assert set(read([jsonl(tmp_path, records)]).essence) == {f"text {n}" for n in range(30)}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_shards_cover_every_record_once(tmp_path: Path, jsonl: Write, size: int) -> None:
    dataset = read([jsonl(tmp_path, [{"text": str(number)} for number in range(7)])])
    shards = list(dataset.shards(size))
    assert [text for shard in shards for text in shard.prompts] == dataset.prompts
    assert max(len(shard.prompts) for shard in shards) <= size


@settings(deadline=None, max_examples=50, derandomize=True)
@given(text=st.text(max_size=40), label=st.text(max_size=8))
def test_any_text_is_read_as_it_was_written(
    text: str, label: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "text.jsonl"
    path.write_text(json.dumps({"text": text, "label": label}) + "\n", encoding="utf-8")
    frame = read([path]).frame
    assert (frame["prompt"][0], frame["label"][0]) == (text, label)


def test_texts_that_look_like_missing_values_are_texts(tmp_path: Path, jsonl: Write) -> None:
    words = ["nan", "NaN", "None", "NA", "null", "<NA>", "", "NaT"]
    dataset = read([jsonl(tmp_path, [{"text": word, "label": word} for word in words])])
    assert in_order(dataset)[["prompt", "label"]].to_numpy().tolist() == [[w, w] for w in words]


# Kept fields


def test_kept_fields_stand_beside_the_records(tmp_path: Path, jsonl: Write) -> None:
    records: list[Line] = [
        {"text": f"text {n}", "lang": "de" if n % 2 else None, "votes": [n, "x"]} for n in range(9)
    ]
    path = jsonl(tmp_path, [*records, "{", {"text": "none"}])
    dataset = read([path], Config(group_by=("lang",), annotators_field="votes"))
    extra = dataset.extra.iloc[dataset.input_order]
    assert list(extra.columns) == ["lang", "votes"]
    assert extra["votes"].to_list()[:9] == [f'[{n},"x"]' for n in range(9)]
    assert extra["lang"].isna().to_list() == [True, False] * 4 + [True, True]


def test_a_dataset_without_kept_fields_has_as_many_rows_of_them(
    tmp_path: Path, jsonl: Write
) -> None:
    assert read([jsonl(tmp_path, [GOOD, GOOD])]).extra.shape == (2, 0)


def test_a_kept_field_that_no_record_has_is_refused(tmp_path: Path, jsonl: Write) -> None:
    path = jsonl(tmp_path, [GOOD])
    with pytest.raises(InputError, match="'lang' of --group-by; fields seen: 'text', 'label'"):
        read([path], Config(group_by=("lang",)))


def test_a_judged_response_is_part_of_the_text(tmp_path: Path, jsonl: Write) -> None:
    records: list[Line] = [
        {"prompt": "x", "completion": "y", "label": True},
        {"text": "z", "label": "a"},
    ]
    assert sorted(read([jsonl(tmp_path, records)]).texts) == ["x\n\ny", "z"]
