"""What the models say of the records of a dataset, and which records they say nothing of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataqa.probabilities.classes import Chosen
from dataqa.probabilities.ensemble import Predictions


@dataclass(frozen=True, eq=False)
class LabelModel:
    """What models say of the records whose label could be modelled."""

    chosen: Chosen
    """Which records these are."""
    predictions: Predictions
    """With fewer than two classes, nothing."""
    texts: int
    """Different texts among the records."""
    unlabeled: int
    """Records without a label, or with a blank one."""
    unseen: int
    """Labelled records of which the models see nothing: no word that other texts have."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.chosen.names

    @property
    def rows(self) -> np.ndarray:
        """(n,) row numbers of the dataset."""
        return self.chosen.rows

    @property
    def label(self) -> np.ndarray:
        """(n,) the given class."""
        return self.chosen.label

    @property
    def probabilities(self) -> np.ndarray:
        """(n, classes) from models that never saw the label of the record."""
        return self.predictions.probabilities

    @property
    def unchecked(self) -> int:
        """Records that could not be modelled."""
        return self.unlabeled + self.unseen + self.chosen.rare + self.chosen.crowded
