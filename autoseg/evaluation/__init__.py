"""How good a segmentation is: labels against the truth, with the published scores and one-to-one scores of particles.

>>> import numpy as np
>>> truth = np.zeros((20, 40), np.uint8)
>>> truth[5:15, 5:15], truth[5:15, 20:30] = 1, 2
>>> predicted = np.roll(np.where(truth == 1, truth, 0), 1, axis=1)  # one particle a pixel beside, the other one missed
>>> scores = evaluate(predicted, truth)
>>> round(scores.published.image_iou, 3), scores.particles.recall, round(scores.particles.mean_best_iou, 3)
(0.429, 0.5, 0.409)
"""

from autoseg.evaluation.classes import ClassScore, ClassScores, pool_classes, score_classes
from autoseg.evaluation.errors_picture import ERROR_COLOURS, draw_errors
from autoseg.evaluation.labels import label
from autoseg.evaluation.particles import IOU_THRESHOLDS, Detection, ParticleScores
from autoseg.evaluation.published import PublishedScores
from autoseg.evaluation.scores import Scores, evaluate, pool_scores
from autoseg.evaluation.sizes import Sizes
from autoseg.evaluation.thresholds import ThresholdScores, evaluate_thresholds, pool_thresholds

__all__ = [
    "ERROR_COLOURS",
    "IOU_THRESHOLDS",
    "ClassScore",
    "ClassScores",
    "Detection",
    "ParticleScores",
    "PublishedScores",
    "Scores",
    "Sizes",
    "ThresholdScores",
    "draw_errors",
    "evaluate",
    "evaluate_thresholds",
    "label",
    "pool_classes",
    "pool_scores",
    "pool_thresholds",
    "score_classes",
]
