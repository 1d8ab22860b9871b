"""The map of the records as points of a static picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dataqa.result import AuditResult

POINTS = 2000
"""Points drawn at most: reported records first, then the others by content key."""
WIDTH, HEIGHT, MARGIN = 720, 420, 10
KINDS = ("plain", "mislabeled", "outlier")
"""In the order of drawing; what counts more lies on top."""


@dataclass(frozen=True)
class Map:
    """Points (x, y, kind) in pixels, and how many records there were to draw."""

    points: list[tuple[float, float, str]]
    placed: int
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def sampled(self) -> bool:
        """Whether some records are not drawn."""
        return len(self.points) < self.placed


def draw(result: AuditResult) -> Map | None:
    """Place the records; nothing where there are no coordinates."""
    records = result.records
    if not {"map_x", "map_y"} <= set(records.columns):
        return None
    placed = records[records["map_x"].notna() & records["map_y"].notna()]
    if len(placed) < 2:
        return None
    kind = np.zeros(len(placed), dtype=np.int64)
    kind[_reported(placed, result.findings, "labels")] = 1
    kind[_reported(placed, result.findings, "outliers")] = 2
    keys = placed["key"].to_numpy(dtype=object)
    chosen = np.lexsort((keys, kind == 0))[:POINTS]
    chosen = chosen[np.lexsort((keys[chosen], kind[chosen]))]
    x, y = (_pixels(placed[name].to_numpy(float)) for name in ("map_x", "map_y"))
    points = [
        (
            round(MARGIN + x[at] * (WIDTH - 2 * MARGIN), 1),
            round(HEIGHT - MARGIN - y[at] * (HEIGHT - 2 * MARGIN), 1),
            KINDS[kind[at]],
        )
        for at in chosen
    ]
    return Map(points, len(placed))


def _reported(records: pd.DataFrame, findings: pd.DataFrame, check: str) -> np.ndarray:
    own = findings.loc[findings["check"] == check, ["source", "line"]]
    places = pd.MultiIndex.from_frame(records[["source", "line"]])
    return np.asarray(places.isin(pd.MultiIndex.from_frame(own)))


def _pixels(values: np.ndarray) -> np.ndarray:
    """Scale to 0..1."""
    low, high = float(values.min()), float(values.max())
    return (values - low) / max(high - low, 1e-9)
