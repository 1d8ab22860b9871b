"""What names mean, and a commented configuration: everything derived from ``CHECKS``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import fields
from textwrap import dedent

from dataqa.checks import CHECKS, Check
from dataqa.config import GATE_NAMES, Config
from dataqa.settings import unknown_name


def explanation(name: str) -> str:
    """Return the documentation page of a check, of a finding code or of a metric.

    Raises:
        ConfigError: nothing is called ``name``.
    """
    for kind in CHECKS.values():
        if name == kind.name:
            return page(kind)
        for code, meaning in kind.codes.items():
            if name == f"{kind.name}.{code}":
                return f"{name}\n\n{meaning}\n\n{page(kind)}"
        if name in kind.metrics:
            return f"{name}: a metric of the check {kind.name!r}.\n\n{page(kind)}"
    raise unknown_name("name", name, _names())


def page(kind: type[Check]) -> str:
    """Return the documentation page of a check: its docstring, its codes and its metrics."""
    codes = "\n".join(f"  {kind.name}.{code}: {meaning}" for code, meaning in kind.codes.items())
    metrics = "\n".join(f"  {metric}" for metric in kind.metrics)
    body = (inspect.getdoc(kind) or "").replace("**", "")
    return f"{kind.name}: {body}\n\nFinding codes\n{codes}\n\nMetrics\n{metrics}"


def overview() -> str:
    """Return one block per check: what it finds, its codes and its metrics."""
    blocks = []
    for kind in CHECKS.values():
        about = (inspect.getdoc(kind) or "").partition("\n")[0]
        codes = ", ".join(kind.codes)
        blocks.append(
            f"{kind.name}\n  {about}\n  codes: {codes}\n  metrics: {', '.join(kind.metrics)}"
        )
    return "\n".join(blocks)


def configuration() -> str:
    """Return a ``dataqa.toml`` with every setting, its default and what it means, commented out."""
    lines = [
        "# Settings of dataqa: defaults and examples; remove the # to change a line.",
        "# The same table can stand in pyproject.toml as [tool.dataqa].",
        "",
        *_plain_settings(),
        "[gate]",
        '# Largest allowed share of wrong labels, as "15%" or 0.15, or "off".',
        '# max_mislabel_rate = "15%"',
        "# Chance of a wrong certificate, and whether only a certificate decides.",
        '# risk = "5%"',
        "# require_certificate = false",
        "",
        "[gate.limits]",
        "# Limits on any other metric (see: dataqa checks).",
        '# "duplicates.exact_rate" = "5%"',
        "",
        "[gate.warn]",
        "# Shares above which to warn; the verdict does not depend on them.",
        '# "outliers.rate" = "10%"',
        "",
    ]
    for kind in CHECKS.values():
        lines += [f"[checks.{kind.name}]", *_check_settings(kind), ""]
    return "\n".join(lines)


def _plain_settings() -> Iterator[str]:
    documents = _field_documents(Config)
    default = Config()
    for item in fields(Config):
        if item.name in {*GATE_NAMES, "checks"}:
            continue
        value = getattr(default, item.name)
        yield f"# {documents[item.name]}"
        yield f"# {item.name} = {_toml(value)}"
        yield ""


def _check_settings(kind: type[Check]) -> Iterator[str]:
    text = " ".join((inspect.getdoc(kind) or "").split())
    settings = text.partition("**Settings.** ")[2].partition(" **")[0]
    yield f"# {settings.replace('`', '')}"
    for item in fields(kind):  # type: ignore[arg-type]
        absent = item.default is None
        yield f"# {item.name}: absent" if absent else f"# {item.name} = {_toml(item.default)}"


def _field_documents(kind: type) -> dict[str, str]:
    """Read the texts under the fields of a dataclass from its source."""
    documents: dict[str, str] = {}
    name = ""
    for line in dedent(inspect.getsource(kind)).splitlines():
        stripped = line.strip()
        if line.startswith("    ") and ": " in line and not stripped.startswith('"'):
            name = stripped.partition(":")[0]
        elif name and stripped.startswith('"""'):
            documents.setdefault(name, stripped.strip('"').replace("``", "").rstrip("."))
    return documents


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return '""'
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _names() -> list[str]:
    codes = [f"{kind.name}.{code}" for kind in CHECKS.values() for code in kind.codes]
    return [*CHECKS, *codes, *(metric for kind in CHECKS.values() for metric in kind.metrics)]
