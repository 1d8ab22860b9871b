"""The one home of cleanlab: which labels contradict probabilities, and how many.

Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70,
2021.
"""

from __future__ import annotations

import numpy as np


def flag_and_score(label: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flag records, and score each label: (n,) bool, (n,) 0..1 with 0 = surely wrong.

    Args:
        label: (n,) class numbers.
        probabilities: (n, classes) from models that never saw the label of their row.

    The score is the mean of cleanlab's self-confidence, which ranks uniform flips best, and its
    normalised margin, which ranks flips between similar classes best.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    flagged = find_label_issues(
        label, probabilities, filter_by="confident_learning", n_jobs=1, min_examples_per_class=0
    )
    scores = [
        get_label_quality_scores(label, probabilities, method=method)
        for method in ("self_confidence", "normalized_margin")
    ]
    return np.asarray(flagged, bool), np.clip(np.mean(scores, axis=0), 0, 1)


def calibrated_count(label: np.ndarray, probabilities: np.ndarray) -> int:
    """Estimate how many labels are wrong, from the calibrated confident joint."""
    from cleanlab.count import num_label_issues

    return int(num_label_issues(label, probabilities, estimation_method="off_diagonal_calibrated"))


def cohen_kappa(given: np.ndarray, predicted: np.ndarray, classes: int) -> float:
    """Agreement beyond chance, 1 = always, 0 = as by chance (Cohen, 1960)."""
    observed = float(np.mean(given == predicted))
    shares = [np.bincount(values, minlength=classes) / len(given) for values in (given, predicted)]
    chance = float(shares[0] @ shares[1])
    return 0.0 if chance == 1 else (observed - chance) / (1 - chance)
