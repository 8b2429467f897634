"""What is predicted, which decides how it is learned, turned into probabilities, and measured."""

from typing import Literal

# Lung sounds are measured by Sp, Se and Score, one class of several by accuracy, several classes at once by mean
# average precision. Of unlabelled sounds nothing is predicted: a network is only prepared by them for another task.
Task = Literal["respiratory", "single_label", "multi_label", "unlabelled"]
