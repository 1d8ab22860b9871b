"""The label of records that only annotators have labelled."""

from __future__ import annotations

import pandas as pd

from dataqa.reading.interface import Part
from dataqa.votes import majority_labels


def with_majority(whole: Part, field: str | None) -> tuple[pd.DataFrame, str | None]:
    """Let the majority of the annotators be the label, where no record has one of its own.

    Returns:
        The frame, and the field whose majority its labels are, if they are.
    """
    if field is None or whole.frame["label"].notna().any():
        return whole.frame, None
    labels = majority_labels(whole.extra[field])
    if labels.isna().all():
        return whole.frame, None
    kinds = pd.Series("text", labels.index, dtype="str").where(labels.notna())
    return whole.frame.assign(label=labels, label_kind=kinds), field
