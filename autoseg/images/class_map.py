"""ClassMap: which of several classes each pixel of a micrograph belongs to."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from autoseg.errors import ImageError, OptionsError
from autoseg.heads import IGNORED, ClassLabel, class_colours
from autoseg.images.micrograph import Micrograph
from autoseg.images.segmentation import Segmentation, numbered


@dataclasses.dataclass(frozen=True, eq=False)
class ClassMap:
    """The classes of the pixels of a micrograph's field of view; objects are asked for by the name of their class.

    >>> classes = np.array([[1, 0, 2], [1, 0, 0]], np.uint8)
    >>> legend = (ClassLabel(name="background"), ClassLabel(name="grain"), ClassLabel(name="pore"))
    >>> found = ClassMap(classes, None, legend, Micrograph(np.zeros((2, 3), np.uint8)))
    >>> found.pixels.tolist(), found.objects("grain").areas.tolist()
    ([3, 2, 1], [2])
    """

    classes: np.ndarray = dataclasses.field(repr=False)
    "uint8, shape (rows, columns) of the field of view: the number of each pixel's class; 255 where it is not known."
    probability: np.ndarray | None = dataclasses.field(repr=False)
    "What the network predicts: float32, shape (rows, columns, classes)."
    legend: tuple[ClassLabel, ...]
    "Names and colours of the classes, in the order of their numbers; 0 is the background."
    micrograph: Micrograph
    also: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict, repr=False)
    "Further outputs of the network by name: float32, shape (rows, columns, channels)."
    recorded: np.ndarray | None = dataclasses.field(default=None, repr=False, kw_only=True)
    "The field of view before it was changed, such as made level: reports show it beside the classes. None: as it is."

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        shape = self.micrograph.field.shape
        if self.classes.shape != shape or self.classes.dtype != np.uint8:
            given = f"{self.classes.dtype} of shape {self.classes.shape}"
            raise self._error(f"has a field of view of {shape} pixels, but its class map is {given}")
        highest = int(self.classes[self.classes != IGNORED].max(initial=0))
        if highest >= len(self.legend):
            raise self._error(f"has pixels of class {highest}, but the legend names only {len(self.legend)} classes")
        if self.probability is None:
            return
        if self.probability.dtype != np.float32 or self.probability.shape != (*shape, len(self.legend)):
            given = f"{self.probability.dtype} of shape {self.probability.shape}"
            raise self._error(f"has {len(self.legend)} classes in {shape} pixels, but its probability is {given}")

    def _error(self, problem: str) -> ImageError:
        return ImageError(problem, file=self.micrograph.path or self.micrograph.name)

    @property
    def image(self) -> np.ndarray:
        """The grey values of the field of view: same shape as the classes."""
        return self.micrograph.field

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes."""
        return tuple(one.name for one in self.legend)

    @property
    def colours(self) -> tuple[tuple[int, int, int], ...]:
        """RGB of each class."""
        return class_colours(self.legend)

    @property
    def pixels(self) -> np.ndarray:
        """How many pixels each class has, shape (classes,); unknown ones belong to none."""
        return np.bincount(self.classes.ravel(), minlength=IGNORED + 1)[: len(self.legend)]

    def objects(self, name: str) -> Segmentation:
        """The connected regions of a class, as particles to be counted and measured; a shared corner connects."""
        number = class_number(name, self.names)
        _, labels = cv2.connectedComponents((self.classes == number).view(np.uint8), connectivity=8)
        probability = None if self.probability is None else np.ascontiguousarray(self.probability[..., number])
        return Segmentation(numbered(labels), probability, self.micrograph)


def class_number(name: str, names: Sequence[str]) -> int:
    """The number of the class of this name.

    >>> class_number("pore", ["background", "pore"])
    1
    """
    if name not in names:
        raise OptionsError(f'there is no class "{name}"', advice=f"There are {', '.join(names)}.")
    return list(names).index(name)
