"""The import law: nothing heavy at the start, nothing upward, one home for every big library."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pandas as pd
import pytest

import dataqa

PACKAGE = Path(dataqa.__file__).parent
HEAVY = {
    "pandas",
    "numpy",
    "sklearn",
    "scipy",
    "cleanlab",
    "great_expectations",
    "pyarrow",
    "rich",
    "jinja2",
    "torch",
    "sentence_transformers",
    "transformers",
    "onnx",
    "onnxruntime",
    "safetensors",
    "tokenizers",
    "joblib",
    "py3langid",
}
HOMES = {
    "great_expectations": {"expectation"},
    "cleanlab": {"confident_learning"},
    "sklearn": {"embedding.lsa", "embedding.terms"},
    "jinja2": {"report.html"},
    "rich": {"progress", "report.text", "cli.output", "cli.reviewing", "cli.screen"},
    "joblib": {"engine.processes"},
    "sentence_transformers": {"embedding.sentence_transformers"},
    "transformers": {"embedding.sentence_transformers"},
    "torch": {"embedding.sentence_transformers"},
    "onnx": {"embedding.bert"},
    "onnxruntime": {"embedding.onnx"},
    "safetensors": {"embedding.bert"},
    "py3langid": {"languages"},
    "tokenizers": {"embedding.onnx", "tokens"},
}
"""Library -> the only modules that may import it."""

LEVELS = (
    {"errors", "quoting"},
    {"settings", "tables"},
    {"config", "formats", "result"},
    {"dataset"},
    {
        "agreement",
        "answer_forms",
        "class_energy",
        "confident_learning",
        "crowd",
        "conflicts",
        "effort",
        "embedding",
        "endings",
        "engine",
        "expectation",
        "gate",
        "label_sets",
        "keeping",
        "languages",
        "layout",
        "loading",
        "near",
        "neighbours",
        "normalise",
        "oddness",
        "one_vs_rest",
        "overlap",
        "probabilities",
        "progress",
        "reading",
        "redundancy",
        "semantic",
        "report",
        "review",
        "spelling",
        "text_faults",
        "text_forms",
        "votes",
        "tokens",
        "truncation",
        "turns",
    },
    {"shared"},
    {"checks"},
    {"audit", "correcting", "explain"},
    {""},
    {"cli"},
    {"__main__"},
)
"""Parts of the package from the ground up; a part imports its own level and those below."""

JUDGING = {
    "gate": {"effort", "result", "dataset", "errors", "settings", "quoting"},
    "review": {"review", "result", "dataset", "errors", "settings", "quoting", "gate"},
    "report": {"report", "tables", "result", "dataset", "errors", "settings", "quoting", "gate"},
}
"""What judges and renders a saved result must not need what measures."""


def module_name(path: Path) -> str:
    """Name a file within the package: ``checks.labels``, ``checks``, or nothing for the face."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def part_of(module: str) -> str:
    return module.partition(".")[0]


def running_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk all code but what only type checkers read."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from running_nodes(node)


def imported(module: str) -> set[str]:
    """Full names of the modules that a module imports anywhere, in functions, too."""
    names: set[str] = set()
    for node in running_nodes(ast.parse(FILES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                names.add(below if below.removeprefix("dataqa.") in FILES else node.module)
    return names


def imported_own(module: str) -> set[str]:
    return {
        name.removeprefix("dataqa").removeprefix(".")
        for name in imported(module)
        if name.partition(".")[0] == "dataqa"
    }


def level(module: str) -> int:
    return next(number for number, parts in enumerate(LEVELS) if part_of(module) in parts)


def fresh(code: str) -> set[str]:
    """Run code in a new interpreter and return what it loaded."""
    script = f"import sys\n{code}\nsys.stdout.write('\\n' + ' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import dataqa",
        "import dataqa.cli",
        "from dataqa.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass",
        "from dataqa.cli import main\ntry: main(['audit', '--help'])\nexcept SystemExit: pass",
    ],
    ids=["package", "command line", "help", "help of audit"],
)
def test_start_loads_nothing_heavy(code: str) -> None:
    assert sorted(fresh(code) & HEAVY) == []


@pytest.mark.parametrize("module", sorted(FILES))
def test_module_has_a_level(module: str) -> None:
    assert [parts for parts in LEVELS if part_of(module) in parts]


@pytest.mark.parametrize("module", sorted(FILES))
def test_no_module_imports_upward(module: str) -> None:
    upward = {other for other in imported_own(module) if level(other) > level(module)}
    assert sorted(upward) == []


@pytest.mark.parametrize("module", sorted(FILES))
def test_no_module_imports_the_face(module: str) -> None:
    assert "" not in imported_own(module) or part_of(module) == "cli"


def test_imports_have_no_circle() -> None:
    graph = {module: imported_own(module) - {module, ""} for module in FILES}
    order = list(TopologicalSorter(graph).static_order())
    assert set(order) >= set(FILES)


@pytest.mark.parametrize("part", sorted(JUDGING))
def test_judging_needs_no_measuring(part: str) -> None:
    used = {
        part_of(other)
        for module in FILES
        if part_of(module) == part
        for other in imported_own(module)
    }
    assert sorted(used - JUDGING[part]) == []


@pytest.mark.parametrize("library", sorted(HOMES))
def test_heavy_library_has_one_home(library: str) -> None:
    users = {
        module
        for module in FILES
        if library in {name.partition(".")[0] for name in imported(module)}
    }
    assert users == HOMES[library]


@pytest.mark.parametrize("module", sorted(name for name in FILES if part_of(name) != "cli"))
def test_only_the_command_line_prints_or_exits(module: str) -> None:
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not calls & {"print", "sys.exit", "exit", "quit", "os._exit", "click.echo"}
    uses = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not uses & {"sys.stdout", "sys.stderr"}


def test_face_is_sorted_and_complete() -> None:
    assert dataqa.__all__ == sorted(dataqa.__all__)
    assert [name for name in dataqa.__all__ if getattr(dataqa, name, None) is None] == []


def test_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'bogus'"):
        dataqa.bogus  # noqa: B018


def test_audit_stays_callable_when_everything_is_imported() -> None:
    for module in pkgutil.walk_packages([str(PACKAGE)], "dataqa."):
        if module.name != "dataqa.__main__":
            importlib.import_module(module.name)
    importlib.import_module("dataqa.audit")
    assert callable(dataqa.audit)


def test_audit_gives_frames() -> None:
    path = Path(__file__).parents[1] / "sample_data" / "labels" / "data.jsonl"
    result = dataqa.audit(path, max_mislabel_rate="10%")
    assert isinstance(result, dataqa.AuditResult)
    assert isinstance(result.verdict, dataqa.Verdict)
    assert isinstance(result.findings, pd.DataFrame)
    assert isinstance(result.records, pd.DataFrame)
    assert result.verdict.reasons[0].limit == pytest.approx(0.1)
    assert len(dataqa.read([path])) == len(result.records) == 800


def test_error_tells_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(dataqa.ConfigError) as caught:
        dataqa.audit(tmp_path / "no.jsonl", max_mislabel_rate=15)
    assert isinstance(caught.value, dataqa.DataqaError)
    assert "15% or 0.15" in caught.value.hint
