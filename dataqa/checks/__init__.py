"""All checks. ``CHECKS`` is the only list: settings, reports and docs follow from it."""

from __future__ import annotations

from collections.abc import Mapping

from dataqa.checks.annotators import Annotators
from dataqa.checks.content import Content
from dataqa.checks.conversations import Conversations
from dataqa.checks.duplicates import Duplicates
from dataqa.checks.interface import Check, Found, findings_table, join_findings
from dataqa.checks.label_names import LabelNames
from dataqa.checks.labels import Labels
from dataqa.checks.language import Language
from dataqa.checks.leakage import Leakage
from dataqa.checks.lengths import Lengths
from dataqa.checks.loading import Loading
from dataqa.checks.multilabel import Multilabel
from dataqa.checks.outliers import Outliers
from dataqa.checks.responses import Responses
from dataqa.checks.schema import Schema
from dataqa.checks.sufficiency import Sufficiency
from dataqa.config import Config
from dataqa.errors import ConfigError
from dataqa.settings import construct, unknown_name

__all__ = ["CHECKS", "Check", "Found", "choose_checks", "findings_table", "join_findings"]

CHECKS: Mapping[str, type[Check]] = {
    kind.name: kind
    for kind in (
        Schema,
        Loading,
        Content,
        Conversations,
        Lengths,
        Responses,
        LabelNames,
        Language,
        Duplicates,
        Leakage,
        Outliers,
        Labels,
        Multilabel,
        Annotators,
        Sufficiency,
    )
}
"""Check by name, in the order in which they run and are reported."""


def choose_checks(config: Config) -> list[Check]:
    """Make the checks that a run wants, with their settings.

    Raises:
        ConfigError: an unknown check or setting is named, or none is left to run.
    """
    for where, names in (
        ("select", config.select),
        ("ignore", config.ignore),
        ("checks", tuple(config.checks)),
    ):
        for name in names:
            if name not in CHECKS:
                raise unknown_name("check", name, CHECKS, where)
    wanted = [name for name in CHECKS if name in (config.select or CHECKS)]
    wanted = [name for name in wanted if name not in config.ignore]
    if not wanted:
        raise ConfigError("no check is left to run", hint="name fewer checks with --ignore")
    return [
        construct(CHECKS[name], config.checks.get(name, {}), f"checks.{name}") for name in wanted
    ]
