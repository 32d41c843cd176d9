"""Class maps against the truth, file by file: scores, tables, and pictures of what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autoseg.errors import OptionsError
from autoseg.evaluation.batch import PairScores
from autoseg.evaluation.class_errors_picture import draw_class_errors
from autoseg.evaluation.class_pairs import find_legend, read_class_pair
from autoseg.evaluation.classes import ClassScores, pool_classes, score_classes
from autoseg.heads import class_colours

_OBJECTS = ("true", "predicted", "precision", "recall", "f1")


class ClassFileScores(PairScores[ClassScores]):
    """Scores of class maps; the table has a row for each class of each image, then those of all images together."""

    def _begin(self) -> None:
        if self.options.pixel_size is not None:
            problem = "a pixel size is for sizes of particles, and these files are class maps"
            raise OptionsError(problem, advice="Leave it out.")
        self.legend = find_legend(self.pairs.values(), self.options.classes)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, ready for JSON, with the names of the classes in the order of their numbers."""
        return super().to_dict() | {"classes": [one.name for one in self.legend]}

    def _score(self, name: str) -> ClassScores:
        options, scene = self.options, self._scene(name)
        bar = None if scene is None else scene.info_bar
        predicted, true = read_class_pair(self.pairs[name], len(self.legend), options.rows or bar)
        if name in self._pictures:
            below = None if scene is None else scene.pixels[: len(true)]
            self._write_picture(name, draw_class_errors(predicted, true, class_colours(self.legend), below))
        names = [one.name for one in self.legend]
        left_out: dict[str, Any] = {"minimum_size": options.minimum_size, "exclude_edge": options.exclude_edge}
        return score_classes(predicted, true, names, **left_out)

    def _pool(self, scores: Sequence[ClassScores]) -> ClassScores:
        return pool_classes(scores)

    def _options_told(self) -> dict[str, Any]:
        return self.options.model_dump(mode="json", exclude={"pixel_size"})

    def _rows(self, found: Mapping[str, Any]) -> list[dict[str, Any]]:
        several = {**found["images"], f"all {len(self.scores)}": found["all"]}
        return [
            {"image": image, "class": name, **_row(scores)}
            for image, one in several.items()
            for name, scores in (one or {"classes": {}})["classes"].items()
        ]


def _row(scores: Mapping[str, Any]) -> dict[str, Any]:
    """The scores of a class, and those of its objects in columns of their own."""
    pixels = {name: value for name, value in scores.items() if name != "objects"}
    return pixels | {f"objects.{name}": (scores["objects"] or {}).get(name) for name in _OBJECTS}
