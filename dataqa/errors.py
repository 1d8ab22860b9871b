"""What can go wrong, as a tree. The CLI turns every branch into one message and exit code 2.

DataqaError
├── ConfigError         a setting, option or configuration file is not usable
├── InputError          the data cannot be read, or holds no record
├── ResultError         a saved result cannot be read back
├── OutputError         a report cannot be written
└── MissingExtraError   an optional package is needed and absent
"""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "DataqaError",
    "InputError",
    "MissingExtraError",
    "OutputError",
    "ResultError",
    "os_reason",
]


class DataqaError(Exception):
    """Tell what failed, where and why; ``hint`` tells what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Keep ``hint`` when the error crosses a process boundary."""
        return (_rebuild, (type(self), self.message, self.hint))


class ConfigError(DataqaError):
    """A setting, option or configuration file is not usable."""


class InputError(DataqaError):
    """The data cannot be read, or holds no record."""


class ResultError(DataqaError):
    """A saved result cannot be read back."""


class OutputError(DataqaError):
    """A report cannot be written."""


class MissingExtraError(DataqaError):
    """An optional package is needed and absent."""


def os_reason(error: OSError) -> str:
    """Return why the operating system refused, without number and path."""
    return error.strerror or str(error)


def _rebuild(kind: type[DataqaError], message: str, hint: str) -> DataqaError:
    return kind(message, hint=hint)
