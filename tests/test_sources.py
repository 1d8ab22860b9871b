"""Every way to hand data over: formats, compression, folders, standard input, and refusals."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataqa import Config, InputError, read
from dataqa.dataset import Dataset
from dataqa.formats import choose_shapes
from dataqa.reading import csv as csv_reader
from dataqa.reading import json as json_reader
from dataqa.reading.elements import Scanner
from dataqa.reading.interface import Wanted
from dataqa.reading.unpacking import Caps, unpack

if TYPE_CHECKING:
    from tests.conftest import Run

WANTED = Wanted(choose_shapes("auto", None, None, None))
RECORDS = [
    {"id": "1", "text": 'a "quoted" word, and a comma', "label": "x"},
    {"id": "2", "text": "two\nlines\r\nand a third", "label": "y"},
    {"id": "3", "text": 'back\\slash \\" brackets ]}[{ é 😀 \u2028', "label": "x"},
    {"id": "4", "text": "", "label": "y"},
]


def in_order(dataset: Dataset) -> list[dict[str, Any]]:
    frame = dataset.frame.iloc[dataset.input_order]
    return frame[["id", "prompt", "label"]].to_dict("records")


EXPECTED = [
    {"id": record["id"], "prompt": record["text"], "label": record["label"]} for record in RECORDS
]


def as_jsonl(records: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def as_array(records: list[dict[str, Any]]) -> bytes:
    return json.dumps(records, indent=1, ensure_ascii=False).encode()


def as_object(records: list[dict[str, Any]]) -> bytes:
    whole = {"version": [1, 2], "meta": {"a": [{"b": 1}]}, "data": records, "end": "]"}
    return json.dumps(whole).encode()


def as_csv(records: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(records[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def as_tsv(records: list[dict[str, Any]]) -> bytes:
    return as_csv(records, "\t")


def as_parquet(records: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(records), sink, row_group_size=3)
    return sink.getvalue()


def zstandard(content: bytes) -> bytes:
    packed: bytes = pa.compress(content, "zstd", asbytes=True)
    return packed


WRITERS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "a.jsonl": as_jsonl,
    "lines.json": as_jsonl,
    "array.json": as_array,
    "object.json": as_object,
    "a.csv": as_csv,
    "a.tsv": as_tsv,
    "a.parquet": as_parquet,
}
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard,
}


INSIDE = {("a.parquet", ".gz"), ("a.parquet", ".zst")}
"""Parquet is compressed inside, so these are refused."""


@pytest.mark.parametrize(
    ("name", "packing"),
    [(name, packing) for name in WRITERS for packing in PACKINGS if (name, packing) not in INSIDE],
)
def test_every_format_gives_the_same_records(tmp_path: Path, name: str, packing: str) -> None:
    path = tmp_path / f"{name}{packing}"
    path.write_bytes(PACKINGS[packing](WRITERS[name](RECORDS)))
    dataset = read([path])
    assert in_order(dataset) == EXPECTED
    assert dataset.faults.empty
    lines = dataset.frame["line"].iloc[dataset.input_order]
    assert lines.to_list() == [1, 2, 3, 4]
    assert dataset.files[0].path == str(path)


@pytest.mark.parametrize("name", ["a.jsonl", "array.json", "object.json", "a.csv", "a.tsv"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_offsets_point_at_the_records(tmp_path: Path, name: str, bom: bytes) -> None:
    content = bom + WRITERS[name](RECORDS)
    (tmp_path / name).write_bytes(content)
    dataset = read([tmp_path / name])
    assert in_order(dataset) == EXPECTED
    assert dataset.faults["code"].to_list() == ["byte_order_mark"] * bool(bom)
    for row in dataset.frame.to_dict("records"):
        start = content[row["offset"] :]
        assert start.startswith((b"{", row["id"].encode())), row
        assert start.find(row["id"].encode()) < 12


# JSON arrays


@settings(deadline=None, max_examples=80, derandomize=True)
@given(
    values=st.lists(
        st.recursive(
            st.text(st.sampled_from('a"\\[]{},:é \n'), max_size=6) | st.integers(0, 9),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("k"), inner),
            max_leaves=6,
        ),
        max_size=6,
    ),
    indent=st.sampled_from([None, 1]),
    wrap=st.booleans(),
    size=st.integers(1, 60),
    block=st.integers(1, 40),
)
def test_array_is_cut_anywhere(
    values: list[Any],
    indent: int | None,
    wrap: bool,
    size: int,
    block: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    records = [{"text": "t", "value": value} for value in values]
    path = tmp_path_factory.getbasetemp() / "array.json"
    whole = {"tags": [1], "rows": records, "x": {"y": []}} if wrap and records else records
    path.write_text(json.dumps(whole, indent=indent), encoding="utf-8")
    content = path.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_reader, "BLOCK_BYTES", max(block, 1 + content.find(b"[")))
        parts = [json_reader.parse(chunk) for chunk in json_reader.chunks(path, "x", WANTED, size)]
    offsets = [at for part in parts for at in part.frame["offset"]]
    decoder = json.JSONDecoder()
    text = content.decode("utf-8")
    assert [decoder.raw_decode(text, at)[0] for at in offsets] == records
    assert sum(part.lines for part in parts) == len(records)
    assert all(part.faults.empty for part in parts)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(text=st.text(st.sampled_from('a"\\[]{},'), max_size=30), cuts=st.sets(st.integers(0, 30)))
def test_signs_are_found_across_blocks(text: str, cuts: set[int]) -> None:
    whole = Scanner().scan(text.encode())
    edges = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    scanner, found = Scanner(), []
    for start, stop in itertools.pairwise(edges):
        positions, signs, depth = scanner.scan(text[start:stop].encode())
        found.append((positions + start, signs, depth))
    for column, expected in zip(zip(*found, strict=True), whole, strict=True):
        assert np.concatenate(column).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("content", "good", "faults"),
    [
        (b'[{"text": "a"}, {"text": }, {"text": "b"}]', [1, 3], [(2, "not_json")]),
        (b'[{"text": "a"}, 7, "x", null]', [1], [(n, "not_object") for n in (2, 3, 4)]),
        (b'[{"text": "a"}, , {"text": "b"}]', [1, 3], [(2, "not_json")]),
        (b'[{"text": "a"},]', [1], [(2, "not_json")]),
        (b'[{"text": "a"}, {"text": "b"', [1], [(2, "not_json"), (3, "not_json")]),
        (b'[{"text": "a"}', [1], [(2, "not_json")]),
        (b'[{"text": "a"}] x', [1], [(2, "not_json")]),
    ],
)
def test_broken_element_costs_no_other(
    tmp_path: Path, content: bytes, good: list[int], faults: list[tuple[int, str]]
) -> None:
    path = tmp_path / "data.json"
    path.write_bytes(content)
    dataset = read([path])
    assert sorted(dataset.frame["line"]) == good
    assert dataset.faults[["line", "code"]].to_numpy().tolist() == [list(f) for f in faults]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1,\n "b": 2}', "an object with no arrays of objects"),
        (b'{"a": [{}],\n "b": [{}]}', "an object with 2 arrays of objects"),
        (b'{"a": [1, 2],\n "b": []}', "an object with no arrays of objects"),
        (b'"text"', "begins with neither [ nor {"),
        (b"  \n", "begins with neither [ nor {"),
        (b"[ ]", "holds only blank lines, no record"),
    ],
)
def test_json_without_an_array_of_records_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "data.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read([path])
    assert message in caught.value.message


# CSV


def test_rows_with_line_ends_keep_number_line_and_offset(tmp_path: Path) -> None:
    content = b'text,label\r\n"one\r\ntwo",a\r\n\r\nthree,b\n"four\n\n",c\n\xff,d\nfive,e'
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    dataset = read([path])
    frame = dataset.frame.iloc[dataset.input_order]
    assert frame["line"].to_list() == [1, 2, 3, 5]
    assert frame["prompt"].to_list() == ["one\r\ntwo", "three", "four\n\n", "five"]
    assert [content[at : at + 4] for at in frame["offset"]] == [b'"one', b"thre", b'"fou', b"five"]
    assert dataset.faults[["line", "code"]].to_numpy().tolist() == [[4, "not_utf8"]]
    assert "on line 9 is not UTF-8" in dataset.faults["message"][0]


@pytest.mark.parametrize("size", [1, 20, 70])
def test_any_chunk_size_reads_the_same_rows(tmp_path: Path, size: int) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(as_csv([{"text": f"{n}\n,{n}", "label": '"' * n} for n in range(20)]))
    whole, cut = (
        [csv_reader.parse(chunk) for chunk in csv_reader.chunks(path, "x", WANTED, cut)]
        for cut in (10**9, size)
    )
    assert len(whole) == 1 < len(cut)
    for name in ("prompt", "label", "offset"):
        values = pd.concat([part.frame[name] for part in cut]).to_list()
        assert values == whole[0].frame[name].to_list()
    assert sum(part.lines for part in cut) == 20


def test_quote_inside_a_plain_cell_is_text(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b'text,label\na 5" screen,x\nb,y\n')
    assert [row["prompt"] for row in in_order(read([path]))] == ['a 5" screen', "b"]


def test_cell_larger_than_the_default_of_the_csv_module(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"text,label\n" + b"x" * 300_000 + b",a\n")
    before = csv.field_size_limit()
    assert len(read([path]).prompts[0]) == 300_000
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (
            b'text,label\n"a\nb",x\nc\nd,y,z\n',
            ["2 rows have not the 2 cells of the header: line 4 has 1, line 5 has 3"],
        ),
        (b"text,label\n" + b"a\n" * 9, ["9 rows", "line 6 has 1 and 4 more"]),
        (b'text,label\na,x\n"b,y\nc,z\n', ["a quote in the row on line 3 is never closed"]),
        (b"text,label,text\na,x,b\n", ["the header names the column 'text' twice"]),
        (b"text,label\ra,x\rb,y\r", ["is not CSV"]),
        (b"\n\n", ["holds only blank lines"]),
        (b"text,label\n", ["holds only blank lines, no record"]),
        (b"text;label\na;x\n", ["no record has a field", "'text;label'"]),
        (b'text\n"' + b"x\n" * 2**20, ["the row on line 2 is longer than 1,048,576 bytes"]),
    ],
)
def test_rows_that_do_not_fit_are_refused_with_their_lines(
    tmp_path: Path, run: Run, content: bytes, parts: list[str]
) -> None:
    (tmp_path / "data.csv").write_bytes(content)
    (tmp_path / "small.toml").write_text("line_megabytes = 1")
    ran = run("audit", tmp_path / "data.csv", "--config", tmp_path / "small.toml")
    assert (ran.code, ran.out) == (2, "")
    for part in ["data.csv: ", *parts]:
        assert part in ran.err


# Parquet


def test_nested_and_foreign_types_of_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {
            "messages": [
                [{"role": "user", "content": "hi", "tool_calls": None}],
                [{"role": "assistant", "content": "there", "tool_calls": None}],
            ],
            "label": pa.array([1, 2]).cast(pa.timestamp("s")),
            "id": pa.array([b"a", b"\xff"]),
        }
    )
    pq.write_table(table, tmp_path / "data.parquet")
    dataset = read([tmp_path / "data.parquet"])
    frame = dataset.frame.iloc[dataset.input_order]
    assert frame["messages"].to_list()[0] == '[{"content":"hi","role":"user"}]'
    assert frame["label"].to_list() == ["1970-01-01 00:00:01", "1970-01-01 00:00:02"]
    assert frame["id"].to_list() == ["a", "\ufffd"]


def test_row_numbers_go_on_across_row_groups(tmp_path: Path) -> None:
    table = pa.table({"text": [str(number) for number in range(100)]})
    pq.write_table(table, tmp_path / "data.parquet", row_group_size=7)
    frame = read([tmp_path / "data.parquet"]).frame
    assert (frame["prompt"].astype(int) + 1 == frame["line"]).all()


def test_cut_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.parquet").write_bytes(as_parquet(RECORDS)[:-10])
    with pytest.raises(InputError, match="is no readable Parquet file"):
        read([tmp_path / "data.parquet"])


# Compression


@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_cut_and_damaged_archives_are_refused(tmp_path: Path, packing: str) -> None:
    rng = np.random.default_rng(0)
    whole = PACKINGS[packing](b"".join(b"%d\n" % n for n in rng.integers(0, 2**60, 200_000)))
    path = tmp_path / f"data.jsonl{packing}"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"data is cut off after [\d,]{7,} unpacked bytes"):
        read([path])
    path.write_bytes(whole[: len(whole) // 2] + b"x" * 1000 + whole[len(whole) // 2 :])
    with pytest.raises(InputError, match="file, or damaged after"):
        read([path])
    path.write_bytes(b"no archive at all")
    with pytest.raises(InputError, match="damaged after 0 unpacked bytes"):
        read([path])


def test_cut_archive_tells_how_far_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl.gz"
    path.write_bytes(gzip.compress(np.random.default_rng(0).bytes(100_000))[:50_000])
    with pytest.raises(InputError, match=r"cut off after (4|5)\d,\d{3} unpacked bytes"):
        read([path])


def test_archive_of_nothing_is_empty(tmp_path: Path) -> None:
    (tmp_path / "data.jsonl.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(InputError, match="is empty"):
        read([tmp_path / "data.jsonl.gz"])


def test_archive_of_several_members_is_one_file(tmp_path: Path) -> None:
    content = b"".join(gzip.compress(as_jsonl([record])) for record in RECORDS)
    (tmp_path / "data.jsonl.gz").write_bytes(content)
    assert in_order(read([tmp_path / "data.jsonl.gz"])) == EXPECTED


@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_bomb_is_refused_in_little_memory(tmp_path: Path, packing: str) -> None:
    path = tmp_path / f"bomb.jsonl{packing}"
    with path.open("wb") as file:
        opener = {
            ".gz": lambda: gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1),
            ".zst": lambda: pa.CompressedOutputStream(pa.PythonFile(file, "w"), "zstd"),
        }[packing]
        with opener() as sink:
            for _ in range(1000):
                sink.write(bytes(10**6))
    done = subprocess.run(
        [sys.executable, "-m", "dataqa", "audit", path],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10**8, 10**8)),
    )
    assert done.returncode == 2
    assert "unpacks to more than 200 times its size" in done.stderr
    assert "unpack_ratio" in done.stderr
    assert "Traceback" not in done.stderr


def test_size_of_what_is_unpacked_has_a_cap(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl.gz"
    path.write_bytes(gzip.compress(bytes(3 * 2**20)))
    with pytest.raises(InputError, match="unpacks to more than") as caught:
        unpack(path, "data.jsonl.gz", tmp_path / "out", ".gz", Caps(out_bytes=2**20))
    assert "unpack_gigabytes" in caught.value.hint
    assert (tmp_path / "out").stat().st_size <= 2**20


def test_nothing_unpacked_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    path = tmp_path / "data.jsonl.gz"
    path.write_bytes(gzip.compress(as_jsonl(RECORDS)))
    read([path])
    path.write_bytes(gzip.compress(as_jsonl(RECORDS))[:-9])
    with pytest.raises(InputError):
        read([path])
    assert list((tmp_path / "temporary").iterdir()) == []


# Wrong names


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        ("a.jsonl", as_parquet(RECORDS), ["is a Parquet file", "ends in .parquet"]),
        ("a.csv", as_parquet(RECORDS), ["is a Parquet file", "ends in .parquet"]),
        ("a.json.gz", gzip.compress(as_parquet(RECORDS)), ["is a Parquet file"]),
        ("a.jsonl", gzip.compress(as_jsonl(RECORDS)), ["compressed with gzip", "ends in .gz"]),
        ("a.csv", zstandard(as_csv(RECORDS)), ["compressed with Zstandard", "ends in .zst"]),
        ("a.parquet", as_jsonl(RECORDS), ["is no Parquet file", "PAR1"]),
        ("a.parquet.gz", gzip.compress(as_parquet(RECORDS)), ["compressed inside"]),
        ("a.csv", b"PK\x03\x04\x14\x00", ["a ZIP archive (or a spreadsheet)"]),
        ("a.csv", "text,label\na,b".encode("utf-16"), ["is not text", "UTF-16"]),
    ],
)
def test_file_that_is_not_what_its_name_says_is_refused(
    tmp_path: Path, run: Run, name: str, content: bytes, parts: list[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    ran = run("audit", tmp_path / name)
    assert (ran.code, ran.out) == (2, "")
    for part in [f"{name}: ", *parts]:
        assert part in ran.err


# Folders, several files, standard input


def test_folder_stands_for_its_data_files(tmp_path: Path) -> None:
    (tmp_path / "b" / ".cache").mkdir(parents=True)
    for name in ("b/z.jsonl", "a.csv.gz", "c.parquet", ".hidden.jsonl", "b/.cache/x.jsonl"):
        suffix = Path(name.removesuffix(".gz")).suffix
        content = WRITERS[f"a{suffix}"](RECORDS)
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    (tmp_path / "README.md").write_text("no data")
    dataset = read([tmp_path])
    assert [Path(file.path).relative_to(tmp_path).as_posix() for file in dataset.files] == [
        "a.csv.gz",
        "c.parquet",
        "b/z.jsonl",
    ]
    assert in_order(dataset) == EXPECTED * 3


def test_file_beside_the_folder_that_holds_it_is_named_twice(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(as_jsonl(RECORDS))
    with pytest.raises(InputError, match="named twice"):
        read([tmp_path, tmp_path / "a.jsonl"])


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("name", sorted(set(WRITERS) - {"a.parquet"}))
def test_standard_input_is_recognised(
    monkeypatch: pytest.MonkeyPatch, name: str, packing: str
) -> None:
    content = PACKINGS[packing](WRITERS[name](RECORDS))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    if name == "object.json":
        content = json.dumps({"data": RECORDS}, indent=1).encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PACKINGS[packing](content))))
    dataset = read(["-"])
    assert in_order(dataset) == EXPECTED
    assert dataset.files[0].path == "-"


def test_parquet_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(as_parquet(RECORDS))))
    assert in_order(read(["-"])) == EXPECTED


def test_empty_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(InputError, match="-: is empty"):
        read(["-"])


# Long lines


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_record_that_is_too_long_is_a_fault_and_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, place: int
) -> None:
    texts = ["short"] * 3
    texts.insert(place, "x" * 2**21)
    records = [{"text": text} for text in texts]
    (tmp_path / name).write_bytes(
        WRITERS["a.jsonl" if name == "a.jsonl" else "array.json"](records)
    )
    for module in ("jsonl", "json"):
        monkeypatch.setattr(f"dataqa.reading.{module}.chunks.__defaults__", (1000,))
    dataset = read([tmp_path / name], Config(line_megabytes=1))
    assert sorted(dataset.frame["line"]) == [n for n in range(1, 5) if n != place + 1]
    assert dataset.faults[["line", "code"]].to_numpy().tolist() == [[place + 1, "line_too_long"]]
    assert "line_megabytes" in dataset.faults["message"][0]
