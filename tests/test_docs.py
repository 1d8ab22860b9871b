"""The documentation: current, complete, and its examples run."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import fields
from itertools import chain
from pathlib import Path

import pytest

from dataqa.checks import CHECKS, Check, choose_checks
from dataqa.cli import cli
from dataqa.config import load_config

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("*/*.md")])
SECTIONS = (
    "What it finds",
    "Why it hurts fine-tuning",
    "Known false alarms",
    "Example",
    "Settings",
    "Reference",
)
NAMES = [
    name
    for kind in CHECKS.values()
    for name in (kind.name, *(f"{kind.name}.{code}" for code in kind.codes), *kind.metrics)
]
TEXT_SUFFIXES = {
    *("", ".py", ".md", ".toml", ".json", ".jsonl", ".j2", ".txt", ".yml", ".yaml", ".cfg"),
}
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|home|root|Users)/\w|(?<![\w.])/tmp/(?=v\b)")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", read(path), re.MULTILINE | re.DOTALL)


def every(language: str) -> list[tuple[Path, str]]:
    return [(path, block) for path in PAGES for block in blocks(path, language)]


def project_files() -> list[Path]:
    return [
        path
        for path in sorted(ROOT.rglob("*"))
        if path.is_file()
        and path.suffix in TEXT_SUFFIXES
        and not any(
            (part.startswith(".") and part not in {".ci", ".github"})
            or part.endswith(".egg-info")
            or part in {"build", "dist", "__pycache__"}
            for part in path.relative_to(ROOT).parts
        )
    ]


def test_pages_are_there() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in PAGES}
    assert {
        "README.md",
        "CONTRIBUTING.md",
        "docs/architecture.md",
        "docs/checks.md",
        "docs/cli.md",
        "docs/dependencies.md",
    } <= names


def test_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "make.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_documented(name: str) -> None:
    assert re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.]\w)", read(ROOT / "docs" / "checks.md"))


def test_every_documented_code_exists() -> None:
    prefixes = "|".join(CHECKS)
    documented = set(re.findall(rf"`((?:{prefixes})\.[a-z_.]+)`", read(ROOT / "docs/checks.md")))
    documented |= set(re.findall(rf"`((?:{prefixes})\.[a-z_.]+)`", read(README)))
    assert documented
    assert sorted(documented - set(NAMES) - {f"{name}.find" for name in CHECKS}) == []


@pytest.mark.parametrize("command", [*cli.commands])
def test_every_command_has_its_help_in_the_docs(command: str) -> None:
    page = read(ROOT / "docs" / "cli.md")
    block = re.search(rf"^## dataqa {command}\n\n```text\n(.*?)^```$", page, re.M | re.S)
    assert block
    assert block[1].startswith(f"Usage: dataqa {command} ")
    for option in cli.commands[command].params:
        if option.param_type_name == "option":
            assert option.opts[-1] in block[1]


@pytest.mark.parametrize("block", blocks(README, "python"), ids=lambda block: block[:30])
def test_readme_python_runs(block: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "sample_data" / "noisy" / "data.jsonl", tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_readme_has_examples() -> None:
    assert blocks(README, "python")
    assert blocks(README, "toml")


@pytest.mark.parametrize(("page", "block"), every("toml"), ids=lambda value: str(value)[-30:])
def test_configuration_examples_load(page: Path, block: str, tmp_path: Path) -> None:
    own = "tool" in tomllib.loads(block)
    path = tmp_path / ("pyproject.toml" if own else "dataqa.toml")
    path.write_text(block, encoding="utf-8")
    assert choose_checks(load_config(path))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", read(page), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(<?([^)\s>]+)>?[^)]*\)", prose)
    relative = [
        target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)
    ]
    assert [target for target in relative if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("kind", CHECKS.values(), ids=CHECKS)
def test_check_docstring_has_its_sections_in_order(kind: type[Check]) -> None:
    text = inspect.getdoc(kind) or ""
    assert tuple(re.findall(r"^\*\*([^*]+)\.\*\* \S", text, re.MULTILINE)) == SECTIONS
    assert re.fullmatch(r"[A-Z].+\.", text.partition("\n")[0])


@pytest.mark.parametrize("kind", CHECKS.values(), ids=CHECKS)
def test_every_setting_and_code_is_explained(kind: type[Check]) -> None:
    text = inspect.getdoc(kind) or ""
    settings = text.partition("**Settings.**")[2].partition("**Reference.**")[0]
    names = [item.name for item in fields(kind)]  # type: ignore[arg-type]
    assert names or settings.strip() == "None."
    assert [name for name in names if f"`{name}`" not in settings] == []
    assert all(meaning.endswith(".") for meaning in kind.codes.values())


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {re.split(r"[\[<>=! ]", requirement)[0] for requirement in wanted} - {"dataqa"}
    page = read(ROOT / "docs" / "dependencies.md").lower()
    assert [name for name in sorted(names) if name.lower() not in page] == []


def test_no_file_names_a_place_on_a_machine() -> None:
    files = project_files()
    assert len(files) > 60
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files
        for match in MACHINE_PATH.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []
