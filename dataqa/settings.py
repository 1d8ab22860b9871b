"""Read values that people write: rates, and the settings of a frozen dataclass."""

from __future__ import annotations

import difflib
import math
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from dataqa.errors import ConfigError

T = TypeVar("T")


def parse_rate(value: object, where: str) -> float:
    """Read ``"15%"``, ``"0.15"`` or ``0.15`` as the share 0.15.

    A number above 1 without a percent sign is refused: nobody can tell whether ``15`` means
    15 % or 1,500 %.

    Raises:
        ConfigError: the value is no rate between 0 and 1.
    """
    text = str(value).strip()
    percent = text.endswith("%")
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = math.nan
    share = number / 100 if percent else number
    if isinstance(value, bool) or not 0 <= share <= 1:
        raise ConfigError(
            f"{where}: {text!r} is not a rate", hint="write a share as 15% or 0.15 (0 to 100%)"
        )
    return abs(share)


def is_count(metric: str) -> bool:
    """Tell whether a metric is a number of things, not a share; of records, more are better."""
    return metric.endswith(("_records", "_tokens"))


def parse_limit(value: object, metric: str, where: str) -> float:
    """Read a limit: a number of things for a metric that counts, else a rate.

    Raises:
        ConfigError: the value is none.
    """
    if not is_count(metric):
        return parse_rate(value, where)
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if isinstance(value, bool) or not 0 <= number < math.inf:
        raise ConfigError(f"{where}: {value!r} is not a number", hint="write a number, as 1000")
    return number


def parse_risk(value: object) -> float:
    """Read a chance strictly between 0 and 1, as ``5%`` or ``0.05``.

    Raises:
        ConfigError: it is none, or one with which nothing or everything is proven.
    """
    risk = parse_rate(value, "risk")
    if not 0 < risk < 1:
        raise ConfigError(
            f"risk: {value} proves nothing", hint="between 0 and 100%, for example 5%"
        )
    return risk


def outside(value: float, low: float, high: float = math.inf) -> str | None:
    """Say how a number lies outside of its bounds, which are allowed; nothing where it does not."""
    if low <= value <= high:
        return None
    return f"below {low}" if high == math.inf else f"not between {low} and {high}"


def refuse_outside(settings: object, **bounds: tuple[float, float]) -> None:
    """Raise for the first setting that lies outside of its bounds.

    Raises:
        ValueError: names the setting, its value and the bounds.
    """
    for name, (low, high) in bounds.items():
        value = getattr(settings, name)
        if wrong := outside(value, low, high):
            raise ValueError(f"{name} {value} is {wrong}")


def unknown_name(kind: str, name: str, known: Iterable[str], where: str = "") -> ConfigError:
    """Build the error for a name that is not in ``known``, with the nearest one and the list."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    prefix = f"{where}: " if where else ""
    return ConfigError(
        f"{prefix}unknown {kind} {name!r}", hint=f"{hint}known: {', '.join(names) or 'none'}"
    )


def construct(kind: type[T], values: Mapping[str, object], where: str) -> T:
    """Make a settings dataclass from plain values, checking names and types.

    Raises:
        ConfigError: a name is not a field of ``kind``, or a value has another type than it.
    """
    try:
        return kind(**checked_values(kind, values, where))
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error


def checked_values(kind: type, values: Mapping[str, object], where: str) -> dict[str, Any]:
    """Return values for fields of a settings dataclass, with names and types checked.

    Raises:
        ConfigError: a name is not a field of ``kind``, or a value has another type than it.
    """
    hints = typing.get_type_hints(kind)
    known = {field.name for field in fields(kind)}
    for name in values:
        if name not in known:
            raise unknown_name("setting", name, known, where)
    return {name: _checked(value, hints[name], f"{where}.{name}") for name, value in values.items()}


def _checked(value: object, wanted: object, where: str) -> object:
    options = typing.get_args(wanted) if isinstance(wanted, types.UnionType) else (wanted,)
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{where}: {value} is not a finite number")
    for option in options:
        if option is float and type(value) is int:
            return float(value)
        if typing.get_origin(option) is tuple and isinstance(value, list | tuple):
            if all(isinstance(item, str) for item in value):
                return tuple(value)
        elif isinstance(option, type) and type(value) is option:
            return value
    names = " or ".join(_plain_name(option) for option in options)
    raise ConfigError(f"{where}: {value!r} is not {names}")


def _plain_name(option: object) -> str:
    plain = {
        int: "a whole number",
        float: "a number",
        str: "a text",
        bool: "true or false",
        types.NoneType: "absent",
    }
    return plain.get(option, "a list of texts")  # type: ignore[call-overload, no-any-return]
