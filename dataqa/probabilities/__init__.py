"""What models that never saw a record's label think its label is.

Three cheap models that err in different ways, averaged (``ensemble``):

* linear discriminants on the vectors (``discriminants``);
* multinomial naive Bayes on the TF-IDF terms (``bayes``);
* the votes of the nearest other texts (``votes``).

The first two are fitted from sums that add up over shards (``sums``), so that the model without a
fold is *all sums minus the fold's sums*: k-fold cross-validation for the price of one pass and k
small solves. Each is calibrated by a temperature (``calibration``) before the average.
"""

from dataqa.probabilities.ensemble import Predictions, out_of_fold
from dataqa.probabilities.folds import assign_folds
from dataqa.probabilities.sums import Labeled, Sums, merge, sum_stage
from dataqa.probabilities.votes import Nearby

__all__ = [
    "Labeled",
    "Nearby",
    "Predictions",
    "Sums",
    "assign_folds",
    "merge",
    "out_of_fold",
    "sum_stage",
]
