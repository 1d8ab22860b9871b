"""Records in canonical order: by content key, then by place."""

from __future__ import annotations

import ctypes

import numpy as np
import pandas as pd


def canonical_order(frame: pd.DataFrame) -> np.ndarray:
    """Return the row numbers that sort records by content key, equal ones by source and line."""
    places = frame[["key", "source", "line"]].reset_index(drop=True)
    return places.sort_values(["key", "source", "line"], kind="stable").index.to_numpy()


def sorted_rows(frame: pd.DataFrame, order: np.ndarray) -> pd.DataFrame:
    """Return the rows in another order, and empty the frame: no two copies at one time."""
    columns = {}
    for name in list(frame.columns):
        columns[name] = frame.pop(name).array.take(order)
        _return_freed()
    return pd.DataFrame(columns, index=range(len(order)))


def _return_freed() -> None:
    """Give freed memory back to the system; glibc keeps what came in pieces from workers."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
