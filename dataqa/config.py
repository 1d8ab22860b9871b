"""Settings of a run: defaults, then ``dataqa.toml`` or ``[tool.dataqa]``, then the command line."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from dataqa.errors import ConfigError, os_reason
from dataqa.settings import (
    checked_values,
    outside,
    parse_limit,
    parse_rate,
    parse_risk,
    unknown_name,
)

MISLABEL_RATE = "labels.mislabel_rate"
DEFAULT_LIMITS: Mapping[str, float] = {MISLABEL_RATE: 0.15}
LONG_TEXTS = ("cut", "chunks")
SHOW_TEXT = ("full", "redacted", "never")
NORMALISE = ("unicode", "case", "spaces", "marks")
NORMALISE_STEPS = (*NORMALISE, "links", "mentions")
BOUNDS: tuple[tuple[str, float, float, str], ...] = (
    ("near_threshold", 0.3, 1, ""),
    ("near_words", 1, 5, ""),
    ("cache_megabytes", 0, math.inf, ""),
    ("line_megabytes", 1, 1024, ""),
    ("unpack_gigabytes", 1, math.inf, ""),
    ("unpack_ratio", 1, math.inf, ""),
    ("max_length", 0, math.inf, "0 means no cut"),
    ("jobs", 0, math.inf, "0 means one per core"),
    ("seed", 0, 2**32 - 1, ""),
    ("sample", 0, 100_000, "0 means one by one"),
)
"""Smallest and largest value of numeric settings, and what to tell with a refusal."""
GATE_NAMES = ("limits", "warn", "risk", "require_certificate")
"""Fields that stand in the section ``[gate]``."""
CONFIG_NAMES = ("dataqa.toml", "pyproject.toml")
SHORT_NAMES: Mapping[str, tuple[str, str]] = {"expectations": ("schema", "expectations")}
"""Settings of checks that have a short name (and an option of their own): -> check, setting."""


@dataclass(frozen=True)
class Config:
    """Everything that decides what a run does; equal configs on equal data give equal results."""

    format: str = "auto"
    """Record shape: ``auto`` or a name that ``dataqa audit --help`` lists."""
    text_field: str | None = None
    """Field that holds the text; makes every record a classification record."""
    label_field: str | None = None
    """Field that holds the label (default ``label``)."""
    id_field: str | None = None
    """Field that holds the id (default ``id``)."""
    group_by: tuple[str, ...] = ()
    """Fields whose values make groups of records (source, language, annotator) for reports."""
    annotators_field: str | None = None
    """Field that holds the labels of several annotators: a list, or an object by annotator."""
    line_megabytes: int = 16
    """Longer lines, CSV rows and array elements are reported and not read."""
    unpack_gigabytes: int = 64
    """A compressed file that unpacks to more is refused."""
    unpack_ratio: int = 200
    """A compressed file that unpacks to more than so many times its size is refused."""
    eval: tuple[str, ...] = ()
    """Files of evaluation records; training records that overlap them are reported."""
    benchmark: tuple[str, ...] = ()
    """Files of public benchmarks; overlap with them is reported apart."""
    embedder: str = "auto"
    """Which vectors stand for texts: ``auto``, ``lsa``, ``minilm``, or a folder or hub id."""
    long_texts: str = "cut"
    """Texts longer than the model reads: ``cut``, or ``chunks`` to average over all of it."""
    cache_dir: str = ""
    """Folder for exported models and known vectors, or ``off`` (default: the user's own)."""
    cache_megabytes: int = 2000
    """Size of the vectors kept there; beyond it, those not used for longest are dropped."""
    allow_download: bool = False
    """Whether a model that is not on this machine may be downloaded."""
    tokenizer: str = ""
    """What counts tokens: a tokenizer.json, a folder with one, a hub id (default: approximate)."""
    max_length: int = 0
    """Tokens of a record that the trainer keeps; 0 means that nothing is cut."""
    engine: str = "auto"
    """Who runs the work: ``auto``, ``serial`` or ``processes``."""
    jobs: int = 0
    """Worker processes of the engine; 0 means one per available core."""
    seed: int = 0
    """Seed of everything random: folds, projections, review plan."""
    select: tuple[str, ...] = ()
    """Checks to run; empty means all."""
    ignore: tuple[str, ...] = ()
    """Checks to leave out."""
    show_text: str = "full"
    """What a result may quote of texts: ``full``, ``redacted`` or ``never``; labels always show."""
    normalise: tuple[str, ...] = NORMALISE
    """What makes no difference between texts: also ``links`` and ``mentions``."""
    near_threshold: float = 0.8
    """Least Jaccard similarity of word n-grams of texts that count as near-duplicates."""
    near_words: int = 3
    """Largest n of these n-grams, 1 to 5; texts below 10, 30, 60, 100 words use a smaller one."""
    limits: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_LIMITS))
    """Gate: the largest allowed share (the least number of records), by metric name."""
    warn: Mapping[str, float] = field(default_factory=dict)
    """Gate: shares above which to warn, whatever the verdict, by metric name."""
    risk: float = 0.05
    """Gate: chance of a wrong certificate."""
    sample: int = 0
    """Records of one sample to review as a whole; 0 plans to review one by one until decided."""
    require_certificate: bool = False
    """Gate: whether a mislabel rate that nobody certified is UNDECIDED."""
    checks: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Settings of checks, by check name."""

    def __post_init__(self) -> None:
        """Refuse values that no run could use."""
        for name, value, known in (
            ("show_text", self.show_text, SHOW_TEXT),
            ("long_texts", self.long_texts, LONG_TEXTS),
            *(("normalise", step, NORMALISE_STEPS) for step in self.normalise),
        ):
            if value not in known:
                raise unknown_name("value" if name != "normalise" else "step", value, known, name)
        for name, low, high, hint in BOUNDS:
            value = getattr(self, name)
            if wrong := outside(value, low, high):
                raise ConfigError(f"{name}: {value} is {wrong}", hint=hint)

    @property
    def kept_fields(self) -> tuple[str, ...]:
        """Source fields that reading keeps in ``Dataset.extra`` for checks and reports."""
        named = (*self.group_by, self.annotators_field)
        return tuple(dict.fromkeys(name for name in named if name))

    def with_settings(self, **settings: object) -> Config:
        """Return a copy with the given fields replaced; ``None`` keeps the field as it is.

        ``max_mislabel_rate`` is accepted as the short name of that one limit, and those of
        ``SHORT_NAMES`` for settings of checks.

        Raises:
            ConfigError: an unknown field, or a value of the wrong type.
        """
        given = {name: value for name, value in settings.items() if value is not None}
        limits = dict(self.limits)
        if "max_mislabel_rate" in given:
            limits = with_mislabel_limit(limits, given.pop("max_mislabel_rate"))
        limits |= _rates(given.pop("limits", {}), "limits")
        warn = {**self.warn, **_rates(given.pop("warn", {}), "warn")}
        if "risk" in given:
            given["risk"] = parse_risk(given["risk"])
        checks = _section(given.pop("checks", self.checks), "checks")
        for name, table in checks.items():
            _section(table, f"checks.{name}")
        for short in SHORT_NAMES.keys() & given.keys():
            check, setting = SHORT_NAMES[short]
            checks[check] = {**checks.get(check, {}), setting: given.pop(short)}
        changed = checked_values(Config, given, "config")
        return replace(self, **changed, limits=limits, warn=warn, checks=checks)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for the ``config`` section of a result."""
        values = asdict(self).items()
        return {name: list(own) if isinstance(own, tuple) else own for name, own in values}


def with_mislabel_limit(limits: Mapping[str, float], rate: object) -> dict[str, float]:
    """Return the limits with another one for the mislabel rate, or without it for ``off``.

    Raises:
        ConfigError: ``rate`` is neither a rate nor ``off``.
    """
    others = {name: limit for name, limit in limits.items() if name != MISLABEL_RATE}
    if rate == "off":
        return others
    return {**others, MISLABEL_RATE: parse_rate(rate, "max_mislabel_rate")}


def _rates(table: object, where: str) -> dict[str, float]:
    values = _section(table, where)
    return {name: parse_limit(value, name, f"{where}.{name}") for name, value in values.items()}


def load_config(path: Path | None = None, folder: Path | None = None) -> Config:
    """Read the settings from ``path``, or from the configuration file in ``folder``.

    Without ``path``: ``dataqa.toml``, else ``pyproject.toml`` with a ``[tool.dataqa]`` table,
    else the defaults.

    Raises:
        ConfigError: the file is absent, no TOML, or holds an unknown key or a wrong value.
    """
    if path is not None:
        return _from_table(_table(path, explicit=True), str(path))
    for name in CONFIG_NAMES:
        found = (folder or Path.cwd()) / name
        if found.is_file() and (table := _table(found, explicit=False)) is not None:
            return _from_table(table, name)
    return Config()


def _table(path: Path, *, explicit: bool) -> dict[str, Any] | None:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({os_reason(error)})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML ({error})") from error
    if path.name != "pyproject.toml":
        return content
    tool = content.get("tool")
    section = tool.get("dataqa") if isinstance(tool, dict) else None
    if section is None and explicit:
        raise ConfigError(f"{path}: has no [tool.dataqa] table")
    return None if section is None else _section(section, f"{path} [tool.dataqa]")


def _from_table(table: dict[str, Any] | None, where: str) -> Config:
    values = dict(table or {})
    known = {item.name for item in fields(Config)} - set(GATE_NAMES) | {"gate"}
    gate = _section(values.pop("gate", {}), f"{where} [gate]")
    _refuse_unknown(values, known, where)
    _refuse_unknown(gate, {"max_mislabel_rate", *GATE_NAMES}, f"{where} [gate]")
    try:
        return Config().with_settings(**values, **gate)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error.message}", hint=error.hint) from error


def _section(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: {value!r} is not a table of names and values")
    return dict(value)


def _refuse_unknown(values: Mapping[str, object], known: set[str], where: str) -> None:
    for name in values:
        if name not in known:
            raise unknown_name("key", name, known, where)
