"""The one home of Great Expectations: a suite and a frame in, broken rows out."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dataqa.errors import ConfigError

_RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "return_unexpected_index_query": False,
    "partial_unexpected_count": 0,
}


@dataclass(frozen=True, eq=False)
class Broken:
    """One expectation that does not hold."""

    code: str
    message: str
    severity: str
    """``critical``, ``warning`` or ``info``."""
    expectation: str
    column: str | None
    rows: np.ndarray | None
    """Row numbers that break it; ``None`` for an expectation about the whole dataset."""


def load_suite(shape: str, folder: str = "") -> dict[str, Any]:
    """Read the suite of a record shape: the user's copy in ``folder``, else the built-in one.

    Raises:
        ConfigError: the suite is absent or no JSON.
    """
    name = f"{shape}.json"
    place = Path(folder) / name if folder else resources.files("dataqa.expectations") / name
    try:
        suite: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        items = suite["expectations"]
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise TypeError("expectations is not a list of objects")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"expectation suite {folder or 'dataqa.expectations'}/{name}: cannot be used ({error})",
            hint="copy the built-in suites and edit the copies",
        ) from error
    return suite


def validate(frame: pd.DataFrame, suite: dict[str, Any]) -> Iterator[Broken]:
    """Yield every expectation of the suite that the frame breaks, with all broken rows.

    An expectation whose ``meta`` says ``"when_present": true`` is left out when its column is
    not in the frame.

    Raises:
        ConfigError: an expectation is unknown or cannot be evaluated.
    """
    wanted = [item for item in suite["expectations"] if _applies(item, frame)]
    if not wanted or frame.empty:
        return
    for result in _results(frame, suite.get("name", "suite"), wanted):
        if not result.success:
            yield _broken(result, frame)


def _applies(item: dict[str, Any], frame: pd.DataFrame) -> bool:
    column = (item.get("kwargs") or {}).get("column")
    optional = (item.get("meta") or {}).get("when_present")
    return not optional or column is None or column in frame


def _results(frame: pd.DataFrame, name: str, wanted: list[dict[str, Any]]) -> list[Any]:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    try:
        # one by one, because a suite logs and drops what it does not understand
        made = [ExpectationConfiguration(**item).to_domain_obj() for item in wanted]
        suite = gx.ExpectationSuite(name=name, expectations=made)
    except (GreatExpectationsError, ValueError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"expectation suite {name!r}: not a Great Expectations suite ({error})"
        ) from error
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("records").add_dataframe_asset("records")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    return list(batch.validate(suite, result_format=_RESULT_FORMAT).results)


def _broken(result: Any, frame: pd.DataFrame) -> Broken:
    config = result.expectation_config
    column = config.kwargs.get("column")
    if not result.result:
        raise _unusable(result, frame)
    meta = config.meta or {}
    code = meta.get("code") or config.type.removeprefix("expect_column_").removeprefix("expect_")
    rows = result.result.get("unexpected_index_list")
    return Broken(
        code=code,
        message=meta.get("message") or f"breaks {config.type} ({_arguments(config.kwargs)})",
        severity=str(getattr(config.severity, "value", config.severity) or "critical"),
        expectation=config.type,
        column=column,
        rows=None if rows is None else np.array(rows, dtype=np.int64),
    )


def _unusable(result: Any, frame: pd.DataFrame) -> ConfigError:
    config = result.expectation_config
    column = config.kwargs.get("column")
    if column is not None and column not in frame:
        reason = f"there is no column {column!r}; columns: {', '.join(map(str, frame.columns))}"
    else:
        details = [value for value in (result.exception_info or {}).values() if value]
        reason = str(details[0] if details else "it could not be evaluated")[:300]
    return ConfigError(f"expectation {config.type}: {reason}", hint="correct the suite")


def _arguments(kwargs: dict[str, Any]) -> str:
    shown = {name: value for name, value in kwargs.items() if name != "batch_id"}
    return ", ".join(f"{name}={value!r}" for name, value in sorted(shown.items()))
