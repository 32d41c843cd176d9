"""Label images against the truth, file by file: scores, tables, and pictures of what is wrong."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import imageio.v3 as imageio
import numpy as np
import pandas as pd
import pydantic
from pydantic import Field

from autoseg import __version__
from autoseg.errors import AutosegError, OptionsError
from autoseg.evaluation.classes import ClassScores
from autoseg.evaluation.errors_picture import draw_errors
from autoseg.evaluation.files import Kind, read_pair
from autoseg.evaluation.scores import Scores, evaluate, pool_scores
from autoseg.files import written_whole
from autoseg.heads import IGNORED
from autoseg.images.calibration import calibrate
from autoseg.images.micrograph import Micrograph, read
from autoseg.images.names import names_for, refuse_inputs
from autoseg.images.tables import write_csv
from autoseg.options import Options

Pair = tuple[Path, Path]
Found = TypeVar("Found", Scores, ClassScores)


def _apart(given: Any) -> Any:
    """Single names out of those that are typed with commas between them."""
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return given
    return tuple(name.strip() for several in names for name in several.split(","))


class EvaluateOptions(Options):
    """How segmentations are scored."""

    minimum_size: int = Field(1, ge=1)
    "Particles, or connected regions of a class, of fewer pixels are left out, on both sides."
    exclude_edge: bool = False
    "Leave out particles, or connected regions of a class, at the edge of the image."
    kind: Kind = "auto"
    "What the files are; auto: class maps that name their classes, masks with one value beside 0, or else labels."
    classes: Annotated[tuple[str, ...] | None, pydantic.BeforeValidator(_apart)] = None
    "Names of the classes 0, 1, 2 ... of class maps, with commas between them. Not set: those that the files hold."
    rows: int | None = Field(None, ge=1)
    "Compare only this many rows from the top. Not set: those above the info bar of the micrograph, if that is given."
    pixel_size: float | None = Field(None, gt=0, le=1e6)
    "Edge length of a pixel in nm, for sizes of particles. Not set: what the files' metadata say, if anything."

    @pydantic.field_validator("classes")
    @classmethod
    def _fit(cls, classes: tuple[str, ...] | None, info: pydantic.ValidationInfo) -> tuple[str, ...] | None:
        if classes is None:
            return None
        if (kind := info.data.get("kind", "auto")) not in ("auto", "classes"):
            raise ValueError(f"must be left out where the files are {kind}")
        if not 2 <= len(set(classes)) == len(classes) <= IGNORED or "" in classes:
            raise ValueError(f"must be two to {IGNORED} different names, the background first")
        return classes


class PairScores(ABC, Generic[Found]):
    """Scores of pairs of files, predicted and true, by the name that they have in common.

    With `output`, pictures of what is wrong are drawn, over the micrographs in `scenes` where there are some.
    """

    def __init__(
        self,
        pairs: Mapping[str, Pair],
        options: EvaluateOptions | None = None,
        output: Path | None = None,
        scenes: Mapping[str, Path] | None = None,
    ):
        self.pairs, self.options = pairs, options or EvaluateOptions()
        self.output, self.scenes = output, scenes or {}
        self.scores: dict[str, Found] = {}
        self.failures: dict[str, AutosegError] = {}
        # A COCO file tells of many images, and so does not give their names.
        names = names_for([pair[0].with_name(f"{stem}{pair[0].suffix}") for stem, pair in pairs.items()])
        files = [f"{name}_errors.png" for name in names]
        self._pictures = (
            {} if output is None else {stem: output / file for stem, file in zip(pairs, files, strict=True)}
        )
        refuse_inputs(self._pictures.values(), [*chain(*pairs.values()), *self.scenes.values()])
        self._begin()

    @abstractmethod
    def _begin(self) -> None:
        """Refuse options that are not for such files, before anything is scored."""

    def score(self, names: Iterable[str]) -> None:
        """Score the pairs of these names; what cannot be scored is a failure, and the rest goes on."""
        for name in names:
            try:
                self.scores[name] = self._score(name)
            except AutosegError as error:
                file = error.file or self.pairs[name][0]
                self.failures[name] = AutosegError(error.problem, file=file, advice=error.advice)

    @property
    def together(self) -> Found | None:
        """The scores of all; None where there are none."""
        return self._pool(list(self.scores.values())) if self.scores else None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, ready for JSON."""
        together = self.together
        return {
            "autoseg": __version__,
            "options": self._options_told(),
            "all": together and together.to_dict(),
            "images": {name: found.to_dict() for name, found in self.scores.items()},
            "failures": {name: str(error) for name, error in self.failures.items()},
        }

    def write(self, folder: Path) -> None:
        """Write scores.json with everything, and scores.csv with the numbers of each image."""
        found = self.to_dict()
        write_csv(folder / "scores.csv", pd.DataFrame(self._rows(found)))
        with written_whole(folder / "scores.json") as partial:
            partial.write_text(json.dumps(found, indent=2), encoding="utf-8")

    def _scene(self, name: str) -> Micrograph | None:
        return read(self.scenes[name]) if name in self.scenes else None

    def _write_picture(self, name: str, picture: np.ndarray) -> None:
        with written_whole(self._pictures[name]) as partial:
            imageio.imwrite(partial, picture)

    @abstractmethod
    def _score(self, name: str) -> Found:
        """Score two files, and draw what is wrong."""

    @abstractmethod
    def _pool(self, scores: Sequence[Found]) -> Found:
        """The scores of several images together."""

    @abstractmethod
    def _options_told(self) -> dict[str, Any]:
        """The options that were used."""

    @abstractmethod
    def _rows(self, found: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows of the table, from what goes into the JSON file."""


class FileScores(PairScores[Scores]):
    """Scores of label images and masks; the table has a row for each image."""

    def _begin(self) -> None:
        if self.options.kind == "classes":
            raise OptionsError("class maps are scored by ClassFileScores")

    def _score(self, name: str) -> Scores:
        options, pair, scene = self.options, self.pairs[name], self._scene(name)
        kind = options.kind
        assert kind != "classes"  # see _begin
        bar = None if scene is None else scene.info_bar
        predicted, true = read_pair(*pair, kind, options.rows or bar, name)
        left_out: dict[str, Any] = {"minimum_size": options.minimum_size, "exclude_edge": options.exclude_edge}
        if name in self._pictures:
            below = None if scene is None else scene.pixels[: len(true)]
            self._write_picture(name, draw_errors(predicted, true, below, **left_out))
        sizes = (calibrate(path, true.shape).pixel_size for path in pair)
        known = options.pixel_size or next(filter(None, sizes), None)
        return evaluate(predicted, true, pixel_size=known, **left_out)

    def _pool(self, scores: Sequence[Scores]) -> Scores:
        return pool_scores(scores)

    def _options_told(self) -> dict[str, Any]:
        return self.options.model_dump(mode="json", exclude={"classes"})

    def _rows(self, found: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [{"image": name, **_flat(scores)} for name, scores in found["images"].items()]


def _flat(found: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested numbers with names such as particles.f1; the ends of intervals apart; other lists are for JSON only."""
    flat: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        elif name.endswith("_interval"):
            ends = (f"{prefix}{name.removesuffix('_interval')}_{end}" for end in ("low", "high"))
            flat |= dict(zip(ends, value or (None, None), strict=True))
        elif not isinstance(value, list):
            flat[prefix + name] = value
    return flat
