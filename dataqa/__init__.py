"""dataqa: the quality gate for LLM fine-tuning data."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from dataqa.audit import audit
from dataqa.config import Config
from dataqa.errors import (
    ConfigError,
    DataqaError,
    InputError,
    MissingExtraError,
    OutputError,
    ResultError,
)

if TYPE_CHECKING:
    from dataqa.reading import read
    from dataqa.result import AuditResult, Verdict

__version__ = "0.1.0"

__all__ = [
    "AuditResult",
    "Config",
    "ConfigError",
    "DataqaError",
    "InputError",
    "MissingExtraError",
    "OutputError",
    "ResultError",
    "Verdict",
    "audit",
    "read",
]

_LAZY = {
    "AuditResult": "dataqa.result",
    "Verdict": "dataqa.result",
    "read": "dataqa.reading",
}


def __getattr__(name: str) -> object:
    """Load what needs pandas only when it is asked for."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'dataqa' has no attribute {name!r}")
