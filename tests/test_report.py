"""Reports: text from records stays text, rendering is pure, and every format tells one number."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NoReturn

import pytest

from dataqa import AuditResult, Config, OutputError, audit
from dataqa.checks.duplicates import Duplicates
from dataqa.report import RENDERERS, Output, parse_outputs, render, scatter

NOISY = Path(__file__).parents[1] / "sample_data" / "noisy" / "data.jsonl"
PATHS = [
    "text=a.txt",
    "json=a.json",
    "findings=a.jsonl",
    "records=a.jsonl",
    "records=a.csv",
    "records=a.parquet",
    "html=a.html",
]
HOSTILE = [
    "<script>document.title = 'owned'</script>",
    "</td></tr></table><h1>owned</h1>",
    '"><img src="https://evil.example/x.png" onerror="document.title=1">',
    "' onmouseover='alert(1)' x='",
    "<a href='javascript:alert(1)'>owned</a>",
    "javascript:alert(1)",
    "<!-- owned --><iframe srcdoc='<script>top.document.title=1</script>'></iframe>",
    "</style></title></script><svg onload=alert(1)>",
    "&lt;b&gt;owned&lt;/b&gt;",
    "{{ 7 * 7 }}{% raise %}{# owned #}",
    "${7*7} #{7*7} %s %d {0}",
    "[bold red]owned[/bold red] [link=https://evil.example]owned[/link]",
    "\x1b[31mred\x1b[0m \x1b]0;owned\x07 \x1b]8;;https://evil.example\x1b\\owned",
    "\x9b31m \x90owned\x9c \x08\x08\x08",
    "a\r\n::error::owned",
    "::error file=x::owned",
    "  ::stop-commands::owned",
    ":::error:::owned",
    "##[error]owned ##vso[task.setvariable variable=x]owned",
    "=cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "\u202egpj.exe \u2066owned\u2069",
    "a\u2028b\u2029c\x85d",
    "nul \x00 byte",
    "../../etc/passwd",
    "`id` $(id) ; id | id",
]
FILE_NAME = "<img src=x onerror=alert(1)>\x1b[31m::error::{{7*7}} 'q' \"d\" \u202e.jsonl"
MARKUP = set(
    re.findall(
        r"\w+",
        "html head meta title style body main section div h1 h2 h3 p b a span code svg line rect"
        " circle text table thead tbody tr th td details summary",
    )
)
STEERING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


class Page(HTMLParser):
    """Collects what a browser would see: elements, attributes and text."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.comments: list[str] = []
        self.texts: list[str] = []
        self.feed(content.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element and its attributes."""
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_comment(self, data: str) -> None:
        """Keep a comment."""
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.texts.append(data)

    @property
    def text(self) -> str:
        """All text as one line."""
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def noisy() -> AuditResult:
    return audit(NOISY)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, tickets: Callable[..., Any]) -> AuditResult:
    """The audit of a file that attacks through text, label, id, field name and file name."""
    folder = tmp_path_factory.mktemp("hostile")
    records: list[object] = tickets(60)
    for text in HOSTILE:
        records.append({"text": f"{text} owned", "label": text, "id": text})
        records.append({"text": f"{text} owned", "label": "billing", "id": text})
        records.append({"text": text, "label": [text]})
        records.append({text: text})
        records += [{"text": f"{text} number {n} owned", "label": text} for n in range(6)]
    path = folder / FILE_NAME
    path.write_text("\n".join(map(json.dumps, records)) + "\n{broken\n", encoding="utf-8")
    return audit(path)


def rendered(result: AuditResult, out: str) -> bytes:
    name, _, path = out.partition("=")
    return render(result, Output(name, path))


@pytest.fixture(scope="module")
def hostile_page(hostile: AuditResult) -> Page:
    return Page(rendered(hostile, "html=a.html"))


@pytest.fixture(scope="module")
def hostile_text(hostile: AuditResult) -> str:
    return rendered(hostile, "text=-").decode()


# Hostile text


def test_hostile_records_are_all_reported(hostile: AuditResult) -> None:
    reported = set(hostile.findings["id"].dropna())
    assert {text for text in HOSTILE if text.strip()} <= reported
    statuses = {name: check.status for name, check in hostile.checks.items()}
    assert {statuses[name] for name in ("schema", "content", "outliers", "labels")} == {"ok"}
    assert set(statuses.values()) <= {"ok", "skipped"}


def test_page_holds_template_markup_only(hostile_page: Page) -> None:
    assert set(hostile_page.tags) <= MARKUP
    assert hostile_page.comments == []


def test_page_has_no_script_handler_or_outside_address(hostile_page: Page) -> None:
    names = {name for name, _ in hostile_page.attributes}
    assert not {name for name in names if name.startswith("on")}
    assert not names & {"src", "srcset", "srcdoc", "action", "formaction", "background", "data"}
    links = [value for name, value in hostile_page.attributes if name in {"href", "xlink:href"}]
    assert links
    assert all(link.startswith("#") for link in links)
    styles = [value for name, value in hostile_page.attributes if name == "style"]
    assert not [style for style in styles if "url" in style]


def test_page_shows_hostile_text_as_text(hostile_page: Page) -> None:
    for text in HOSTILE[:12]:
        assert text in hostile_page.text
    assert html.escape(HOSTILE[0]) not in hostile_page.text


def test_page_has_no_steering_characters(hostile: AuditResult) -> None:
    refuse_steering(rendered(hostile, "html=a.html").decode())


def test_terminal_report_has_no_steering_characters(hostile_text: str) -> None:
    refuse_steering(hostile_text)


def refuse_steering(content: str) -> None:
    found = {
        sign
        for sign in set(content) - {"\n"}
        if unicodedata.category(sign) in {"Cc", "Zl", "Zp"}
        or unicodedata.bidirectional(sign) in STEERING
    }
    assert found == set()


def test_terminal_report_holds_no_ci_command(hostile_text: str) -> None:
    assert not [line for line in hostile_text.splitlines() if line.lstrip().startswith("::")]
    assert not re.search(r"##\w*\[", hostile_text)


def test_terminal_report_does_not_read_markup(hostile: AuditResult) -> None:
    text = rendered(hostile, "text=-").decode()
    quoted = [row for row in hostile.records["excerpt"].dropna() if "[bold red]" in row]
    assert quoted
    assert html.escape("<script>") not in text
    assert "{{7*7}}" in text


def test_error_message_with_a_hostile_name_is_harmless(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from dataqa.cli import main

    with pytest.raises(SystemExit):
        main(["audit", str(tmp_path / "a\n::error::\x1b[31mowned.jsonl")])
    error = capsys.readouterr().err
    refuse_steering(error)
    assert not [line for line in error.splitlines() if line.lstrip().startswith("::")]


def test_table_holds_no_formula(hostile: AuditResult) -> None:
    table = rendered(hostile, "records=a.csv").decode()
    rows = list(csv.reader(io.StringIO(table, newline="")))
    assert len(rows) == len(hostile.records) + 1
    assert {len(row) for row in rows} == {len(hostile.records.columns)}
    unsafe = [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))]
    assert unsafe == []
    assert not [cell for row in rows for cell in row if cell.startswith("\r")]


@pytest.mark.parametrize("out", ["json=-", "findings=-", "records=-"])
def test_json_lines_stay_on_their_line(hostile: AuditResult, out: str) -> None:
    content = rendered(hostile, out)
    lines = content.removesuffix(b"\n").split(b"\n")
    count = {"json=-": 1, "findings=-": len(hostile.findings), "records=-": len(hostile.records)}
    assert len(lines) == count[out]
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert b"\x1b" not in content


# One result, one rendering


@pytest.mark.parametrize("out", PATHS)
@pytest.mark.parametrize("name", ["noisy", "hostile"])
def test_renderers_are_pure(request: pytest.FixtureRequest, name: str, out: str) -> None:
    result = request.getfixturevalue(name)
    before = result.to_dict()
    assert rendered(result, out) == rendered(result, out)
    assert result.to_dict() == before


@pytest.mark.parametrize("out", PATHS)
def test_a_saved_result_renders_to_the_same_bytes(hostile: AuditResult, out: str) -> None:
    saved = AuditResult.from_dict(json.loads(rendered(hostile, "json=-")))
    assert rendered(saved, out) == rendered(hostile, out)


def test_every_format_is_covered() -> None:
    assert {out.partition("=")[0] for out in PATHS} == set(RENDERERS)


def test_every_format_tells_the_same_number(noisy: AuditResult) -> None:
    (reason,) = noisy.verdict.reasons
    assert reason.value == noisy.metrics["labels.mislabel_rate"]
    number = f"{100 * reason.value:.2f}".rstrip("0").rstrip(".") + "%"
    assert f"mislabel rate {number} " in reason.message
    saved = json.loads(rendered(noisy, "json=-"))
    assert saved["verdict"]["reasons"][0]["message"] == reason.message
    assert saved["verdict"]["reasons"][0]["value"] == reason.value
    text = rendered(noisy, "text=-").decode()
    assert text.startswith(f"{noisy.verdict.state}  {reason.message}\n")
    assert re.search(rf"^labels +\d+ +{re.escape(number)} ", text, re.MULTILINE)
    page = Page(rendered(noisy, "html=-"))
    assert f"{noisy.verdict.state} {reason.message} " in page.text
    assert page.text.count(number) >= 2


def test_page_is_closed_to_the_outside(noisy: AuditResult) -> None:
    page = Page(rendered(noisy, "html=-"))
    attributes = dict(page.attributes)
    assert ("http-equiv", "Content-Security-Policy") in page.attributes
    policy = [value for name, value in page.attributes if "default-src" in value]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert ("content", "no-referrer") in page.attributes
    assert attributes["lang"] == "en"
    assert "script" not in page.tags
    assert set(page.tags) <= MARKUP


def test_page_counts_what_it_leaves_out(noisy: AuditResult) -> None:
    total = int((noisy.findings["code"] == "labels.likely_mislabeled").sum())
    text = Page(rendered(noisy, "html=-")).text
    assert total > 200
    assert f"The 200 worst of {total} are shown" in text


# Results with nothing, or something missing


def test_report_without_findings(tmp_path: Path, jsonl: Callable[..., Path]) -> None:
    result = audit(jsonl(tmp_path, [{"text": "Hello"}]), ignore=("sufficiency",))
    assert result.findings.empty
    page = Page(rendered(result, "html=-"))
    assert "UNDECIDED" in page.text
    assert "details" not in page.tags
    assert rendered(result, "findings=-") == b""
    assert "Worst records" not in rendered(result, "text=-").decode()


def test_report_of_skipped_checks_says_why(tmp_path: Path, jsonl: Callable[..., Path]) -> None:
    result = audit(jsonl(tmp_path, [{"text": "Hello"}]))
    reason = "no record has a label"
    assert result.checks["labels"].status == "skipped"
    assert reason in Page(rendered(result, "html=-")).text
    assert f"labels: {reason}" in rendered(result, "text=-").decode()


def test_report_of_a_crashed_check_says_so(
    tmp_path: Path,
    jsonl: Callable[..., Path],
    tickets: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crash(*arguments: object) -> NoReturn:
        raise ValueError("<b>boom</b>")

    monkeypatch.setattr(Duplicates, "find", crash)
    result = audit(jsonl(tmp_path, tickets(120)))
    page = Page(rendered(result, "html=-"))
    assert "crashed: ValueError: <b>boom</b>" in page.text
    assert "duplicates: ValueError: <b>boom</b>" in rendered(result, "text=-").decode()
    assert json.loads(rendered(result, "json=-"))["metrics"]["duplicates.exact_rate"] is None


def test_report_marks_every_limit_with_what_it_says(
    tmp_path: Path, jsonl: Callable[..., Path], tickets: Callable[..., Any]
) -> None:
    limits = {"duplicates.exact_rate": 0.05, "loading.refused_rate": 0.0}
    path = jsonl(tmp_path, [*tickets(120), b"{"])
    result = audit(path, config=Config(limits=limits))
    lines = rendered(result, "text=-").decode().splitlines()
    assert lines[0].startswith("FAIL  loading refused rate 100%")
    assert lines[1].startswith("PASS  duplicates exact rate 0%")
    assert "PASS duplicates exact rate 0%" in Page(rendered(result, "html=-")).text
    unlimited = rendered(audit(path), "text=-").decode()
    assert "100% of the records are in files that the loader of datasets refuses" in unlimited


def test_report_names_steps_that_work_with_any_options(
    tmp_path: Path, jsonl: Callable[..., Path], tickets: Callable[..., Any]
) -> None:
    path = jsonl(tmp_path, tickets(120, flip=0.2))
    text = rendered(audit(path, text_field="text", label_field="label"), "text=-").decode()
    assert f"# then judge some records: dataqa review result.json {path}" in text
    assert "  dataqa explain " in text
    assert "$ dataqa audit" not in text


def test_report_without_limits_says_that_nothing_was_judged(
    tmp_path: Path, jsonl: Callable[..., Path], tickets: Callable[..., Any]
) -> None:
    result = audit(jsonl(tmp_path, tickets(120)), config=Config(limits={}))
    assert result.verdict.state == "UNDECIDED"
    assert "No limit is set, so nothing was judged." in Page(rendered(result, "html=-")).text
    assert rendered(result, "text=-").startswith(b"UNDECIDED  no limit is set")


@pytest.mark.parametrize("suffix", [".xlsx", ".json", ".txt"])
def test_records_in_an_unknown_format_are_refused(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        parse_outputs([f"records={tmp_path / 'a'}{suffix}"])


def test_the_map_draws_records_and_marks_the_reported_ones(
    noisy: AuditResult, hostile: AuditResult
) -> None:
    page = rendered(noisy, "html").decode()
    circles = re.findall(r'<circle class="(plain|mislabeled|outlier)"', page)
    assert len(circles) == noisy.records["map_x"].notna().sum() == 1600
    flagged = noisy.findings[noisy.findings["check"] == "labels"]["line"]
    far = noisy.findings[noisy.findings["check"] == "outliers"]["line"]
    assert circles.count("outlier") == len(far)
    assert circles.count("mislabeled") == len(set(flagged) - set(far))
    assert "nan" not in "".join(re.findall(r"<circle[^>]*>", rendered(hostile, "html").decode()))


def test_a_large_map_is_sampled_and_says_so(
    noisy: AuditResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scatter, "POINTS", 500)
    drawn = scatter.draw(noisy)
    assert drawn is not None
    assert len(drawn.points) == 500
    kinds = [kind for _, _, kind in drawn.points]
    assert kinds.count("outlier") + kinds.count("mislabeled") > 100
    assert all(0 <= x <= drawn.width and 0 <= y <= drawn.height for x, y, _ in drawn.points)
    assert "500 of 1,600 records are drawn" in rendered(noisy, "html").decode()


def test_without_coordinates_there_is_no_map(noisy: AuditResult) -> None:
    bare = replace(noisy, records=noisy.records.drop(columns=["map_x", "map_y"]))
    assert scatter.draw(bare) is None
    assert 'id="map"' not in rendered(bare, "html").decode()
