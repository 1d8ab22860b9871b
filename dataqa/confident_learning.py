"""The one home of cleanlab: which labels contradict probabilities, how many, how surely.

Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70,
2021.
"""

from __future__ import annotations

import numpy as np

UNIFORM_SHARE = 0.25
"""How much of the noise rates of a pair of classes is the mean over all pairs: few records show how
often one class is labelled as one other."""
SURENESS = 0.5
"""What is left of the log odds of a label: models learn from the labels that they judge."""


def flag(label: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Flag records whose label confidently contradicts the models, (n,) bool.

    Args:
        label: (n,) class numbers.
        probabilities: (n, classes) from models that never saw the label of their row.
    """
    from cleanlab.filter import find_label_issues

    flagged = find_label_issues(
        label, probabilities, filter_by="confident_learning", n_jobs=1, min_examples_per_class=0
    )
    return np.asarray(flagged, bool)


def label_quality(label: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Score each label, (n,) 0..1 with 0 = surely wrong.

    Bayes' rule: the probability that the true class is the given one, where the models tell what
    the class is, and the noise rates how often records of each class get the given label. Noise
    that goes one way (many `b` labelled `a`, hardly any `a` labelled `b`) puts doubt on `a` only.
    """
    rates = noise_rates(label, probabilities)
    rows = np.arange(len(label))
    joint = probabilities * rates[label]
    own = joint[rows, label].astype(np.float64)
    other = np.maximum(joint.sum(axis=1, dtype=np.float64) - own, np.finfo(float).tiny)
    odds = (np.maximum(own, np.finfo(float).tiny) / other) ** SURENESS
    return np.asarray(odds / (1 + odds))


def noise_rates(label: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Estimate how often records of a class get a label, (given, true) float32, from the joint."""
    from cleanlab.count import compute_confident_joint

    classes = probabilities.shape[1]
    joint = compute_confident_joint(label, probabilities, calibrate=False) + np.eye(classes)
    rates = joint / joint.sum(axis=0, keepdims=True)
    mean = 1 - np.trace(rates) / classes
    uniform = np.full((classes, classes), mean / max(classes - 1, 1))
    np.fill_diagonal(uniform, 1 - mean)
    mixed = (1 - UNIFORM_SHARE) * rates + UNIFORM_SHARE * uniform
    return np.asarray(mixed, dtype=np.float32)


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


def flag_label_sets(
    members: np.ndarray, probabilities: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Flag labels of records with several: (n, labels) bool, and score the sets: (n,) 0..1.

    Args:
        members: (n, labels) whether a record has a label.
        probabilities: (n, labels) that it should, from models that never saw the record's labels.

    Every label is a question of its own, given or not; a set's score is cleanlab's exponential
    moving average over the scores of its labels, the worst weighing most.
    """
    from cleanlab.multilabel_classification import get_label_quality_scores
    from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class

    rows, columns = np.nonzero(members)
    starts = np.searchsorted(rows, np.arange(1, len(members)))
    labels = [part.tolist() for part in np.split(columns, starts)]
    flagged = find_multilabel_issues_per_class(
        labels, probabilities, filter_by="confident_learning", n_jobs=1, min_examples_per_class=0
    )
    quality = get_label_quality_scores(labels, probabilities)
    return np.asarray(flagged, bool), np.clip(np.asarray(quality, float), 0, 1)
