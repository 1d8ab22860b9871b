"""The HTML report in a real browser: it renders, and nothing in it runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dataqa import audit
from dataqa.checks import CHECKS
from dataqa.report import Output, render

NOISY = Path(__file__).parents[1] / "sample_data" / "noisy" / "data.jsonl"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ATTACKS = [
    "<script>document.title = 'owned'</script>",
    "<img src=x onerror=\"document.title = 'owned'\">",
    "<svg onload=\"document.title = 'owned'\"></svg>",
    "</td></tr></table></details></main><iframe srcdoc='owned'></iframe>",
    "</title></style><body onload=\"document.title = 'owned'\"><object data='owned'></object>",
    '" autofocus onfocus="document.title = \'owned\'" tabindex=1 x="',
]
FOREIGN = {"script", "img", "iframe", "object", "embed", "form", "input", "base", "link"}


class Elements(HTMLParser):
    """Collects the elements, attribute names and text of a document."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.text = ""
        self.title = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.text += data
        if self.tags[-1:] == ["title"]:
            self.title += data.strip()


Browse = Callable[[Path], Elements]


@pytest.fixture(scope="session")
def browse(tmp_path_factory: pytest.TempPathFactory) -> Browse:
    """Open a page in a browser and return the document it made of it."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("CI has no browser; .ci/run installs one")
        pytest.skip("no chromium or google-chrome on this machine")
    profile = tmp_path_factory.mktemp("profile")

    def opened(page: Path) -> Elements:
        done = subprocess.run(
            [
                str(program),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                f"--user-data-dir={profile}",
                "--virtual-time-budget=2000",
                "--dump-dom",
                page.resolve().as_uri(),
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return Elements(done.stdout)

    return opened


def test_browser_runs_what_a_page_lets_it_run(browse: Browse, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"<title>page</title>{''.join(ATTACKS)}", encoding="utf-8")
    assert browse(page).title == "owned"


def test_report_renders(browse: Browse, tmp_path: Path) -> None:
    result = audit(NOISY)
    page = tmp_path / "report.html"
    page.write_bytes(render(result, Output("html", str(page))))
    shown = browse(page)
    assert shown.title == f"{result.verdict.state} · dataqa report"
    assert result.verdict.reasons[0].message in shown.text
    for name, check in result.checks.items():
        assert name in CHECKS
        assert check.about in shown.text
    assert "What it looks for" in shown.text
    assert shown.tags.count("table") >= 3
    assert shown.tags.count("svg") == 2  # the bracket of the rate, and the map of the texts
    assert shown.tags.count("circle") == 1 + len(result.records)  # the rate, and the records


def test_hostile_report_runs_nothing(browse: Browse, tmp_path: Path) -> None:
    records = [
        {"id": attack, "text": f"{attack} {copy}", "label": attack}
        for attack in ATTACKS
        for copy in ("again", "Again", "AGAIN")
    ]
    data = tmp_path / "<img src=x onerror=alert(1)>.jsonl"
    data.write_text("\n".join(map(json.dumps, records)) + "\n", encoding="utf-8")
    page = tmp_path / "report.html"
    page.write_bytes(render(audit(data), Output("html", str(page))))
    shown = browse(page)
    assert shown.title == "UNDECIDED · dataqa report"
    assert not FOREIGN & set(shown.tags)
    assert not [name for name in shown.names if name.startswith("on")]
    assert [shown.tags.count(tag) for tag in ("html", "head", "body", "title", "main")] == [1] * 5
    for attack in ATTACKS:
        assert attack in shown.text
