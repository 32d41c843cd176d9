"""Scores of class maps as tables for people."""

from __future__ import annotations

from collections.abc import Mapping

from autoseg.cli.tables import aligned
from autoseg.evaluation import ClassScores, pool_classes
from autoseg.evaluation.classes import MEASURES, ClassScore

_NAMES = {"iou": "IoU", "precision": "precision", "recall": "recall", "f1": "F1"}
_OBJECTS = ("true objects", "found objects", "F1 of objects")


def class_report(scores: Mapping[str, ClassScores]) -> str:
    """All tables: an image a line where there are several, a class a line, what is taken for what, and notes."""
    together = pool_classes(list(scores.values()))
    several = [image_table(scores, together)] if len(scores) > 1 else []
    return "\n\n".join([*several, class_table(together), confusion_table(together), *_notes(together)])


def image_table(scores: Mapping[str, ClassScores], together: ClassScores) -> str:
    """The scores that matter most, an image a line, and of all together."""
    header = ["image", "pixels", "accuracy", "mean IoU", "without background", "F1 of objects"]
    rows = [
        [name, one.pixels, one.pixel_accuracy, one.mean("iou"), one.mean("iou", False), one.mean_object_f1()]
        for name, one in {**scores, f"all {len(scores)}": together}.items()
    ]
    return aligned(header, rows)


def class_table(scores: ClassScores) -> str:
    """A class a line, with its pixels and its objects, and the means."""
    header = ["class", "true pixels", "found pixels", *_NAMES.values(), *_OBJECTS]
    rows: list[list[object]] = [_class_row(one) for one in scores.classes]
    for background, name in ((True, "mean"), (False, "mean without background")):
        means = [scores.mean(measure, background) for measure in MEASURES]
        rows.append([name, "", "", *means, "", "", "" if background else scores.mean_object_f1()])
    return aligned(header, rows)


def confusion_table(scores: ClassScores) -> str:
    """As what the pixels of each true class were predicted, in per cent of them."""
    undecided = any(scores.undecided)
    header = ["true class", *scores.names, *(["no class"] if undecided else [])]
    rows = []
    for name, row, missed in zip(scores.names, scores.confusion, scores.undecided, strict=True):
        counts = [*row, missed] if undecided else row
        whole = sum(row) + missed
        rows.append([name, *(f"{100 * count / whole:.1f}" if whole else None for count in counts)])
    title = "What the pixels of each true class were taken for, in per cent"
    return f"{title}\n\n{aligned(header, rows)}"


def _class_row(one: ClassScore) -> list[object]:
    measures = [getattr(one, measure) for measure in MEASURES]
    objects = [one.objects.true, one.objects.predicted, one.objects.f1] if one.objects else [None] * 3
    return [one.name, one.true_pixels, one.predicted_pixels, *measures, *objects]


def _notes(scores: ClassScores) -> list[str]:
    """What a reader must know to read the numbers right."""
    notes = []
    if scores.absent:
        several = len(scores.absent) > 1
        notes.append(
            f"{', '.join(scores.absent)}: neither in the truth nor found; {'they have' if several else 'it has'} "
            f"no scores and {'are' if several else 'is'} left out of the means."
        )
    if scores.ignored:
        notes.append(f"{scores.ignored} pixels whose true class is not known are left out.")
    if undecided := sum(scores.undecided):
        notes.append(f"{undecided} pixels got no class: they count as missed.")
    return ["\n".join(notes)] if notes else []
