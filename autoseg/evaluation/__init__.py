"""How good a segmentation is: labels against the truth, with published scores and one-to-one scores of particles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autoseg.lazy import lazily

if TYPE_CHECKING:
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

_HOMES = {
    "classes": ("ClassScore", "ClassScores", "pool_classes", "score_classes"),
    "errors_picture": ("ERROR_COLOURS", "draw_errors"),
    "labels": ("label",),
    "particles": ("IOU_THRESHOLDS", "Detection", "ParticleScores"),
    "published": ("PublishedScores",),
    "scores": ("Scores", "evaluate", "pool_scores"),
    "sizes": ("Sizes",),
    "thresholds": ("ThresholdScores", "evaluate_thresholds", "pool_thresholds"),
}
"Imported at their first use: who only reads files needs no scores."
__getattr__ = lazily(__name__, {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names})
