"""Segmentation: which pixel of a micrograph belongs to which particle."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from autoseg.errors import ImageError
from autoseg.heads import FOREGROUND
from autoseg.images.micrograph import Micrograph

_BAND = 2**24  # pixels
_DOUBTED = "Nothing plausible was found: "


@dataclasses.dataclass(frozen=True, eq=False)
class Segmentation:
    """The particles of a micrograph's field of view, each a number in a label image.

    >>> labels = numbered(np.array([[5, 5, 0], [0, 0, 2]]))
    >>> segmentation = Segmentation(labels, None, Micrograph(np.zeros((2, 3), np.uint8)))
    >>> segmentation.count, segmentation.areas.tolist()
    (2, [2, 1])
    """

    labels: np.ndarray = dataclasses.field(repr=False)
    "Shape (rows, columns) of the field of view, as `numbered` makes it: 0 is background, particles count from 1."
    probability: np.ndarray | Mapping[str, np.ndarray] | None = dataclasses.field(repr=False)
    "What the network predicts: float32, shape (rows, columns), by the name of the channel; an array: the foreground."
    micrograph: Micrograph
    plausibility: float | None = None
    "From 0 to 1, how plausible the prediction is; None where that cannot be told, or it found nothing."
    implausible: int = 0
    "How many particles were found, but judged to be noise or background; they are not in the labels."
    scores: np.ndarray | None = dataclasses.field(default=None, repr=False)
    "How probable it is that each particle is one, from 0 to 1, shape (count,); None where that cannot be told."

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        shape = self.micrograph.field.shape
        if self.labels.shape != shape:
            raise self._error(f"has a field of view of {shape} pixels, but its labels have {self.labels.shape}")
        expected = numbered(self.labels)
        if self.labels.dtype != expected.dtype or not np.array_equal(self.labels, expected):
            raise self._error("has labels that are not numbered in reading order", "Apply numbered() to them.")
        for name, channel in self._channels().items():
            if channel.dtype != np.float32:
                raise self._error(f"has a probability ({name}) of type {channel.dtype}, not float32")
            if channel.shape != shape:
                raise self._error(
                    f"has a field of view of {shape} pixels, but its probability ({name}) {channel.shape}"
                )
        if self.scores is not None and self.scores.shape != (self.count,):
            raise self._error(f"has {self.count} particles, but scores of shape {self.scores.shape}")

    def _channels(self) -> Mapping[str, np.ndarray]:
        if isinstance(self.probability, Mapping):
            return self.probability
        return {} if self.probability is None else {FOREGROUND: self.probability}

    def _error(self, problem: str, advice: str | None = None) -> ImageError:
        return ImageError(problem, file=self.micrograph.path or self.micrograph.name, advice=advice)

    @property
    def count(self) -> int:
        """How many particles there are."""
        return int(self.labels.max(initial=0))

    @property
    def found(self) -> int:
        """How many particles were found, plausible or not."""
        return self.count + self.implausible

    @property
    def image(self) -> np.ndarray:
        """The grey values of the field of view: same shape as the labels."""
        return self.micrograph.field

    @property
    def foreground(self) -> np.ndarray | None:
        """The probability of being a particle, float32, same shape as the labels; None where nothing was predicted."""
        return self._channels().get(FOREGROUND)

    @property
    def areas(self) -> np.ndarray:
        """Number of pixels of each particle, shape (count,)."""
        return count_pixels(self.labels)

    @property
    def touches_edge(self) -> np.ndarray:
        """Whether each particle has a pixel at the edge of the field of view, bool, shape (count,)."""
        touches = np.zeros(self.count + 1, bool)
        touches[edge_labels(self.labels)] = True
        return touches[1:]

    def select(self, chosen: Any) -> Segmentation:
        """Only the particles for which `chosen`, bool of shape (count,), is true, numbered anew."""
        chosen = np.asarray(chosen)
        if chosen.dtype != bool or chosen.shape != (self.count,):
            raise self._error(f"has {self.count} particles: choose among them by as many truth values")
        kept = np.concatenate([[False], chosen])[self.labels]
        scores = None if self.scores is None else self.scores[chosen]
        return dataclasses.replace(self, labels=numbered(np.where(kept, self.labels, 0)), scores=scores)

    def disbelieved(self, doubt: str) -> Segmentation:
        """Without particles, as `doubt` says why none of those found is one; the micrograph's notes keep that.

        >>> found = Segmentation(np.eye(2, dtype=np.uint16), None, Micrograph(np.eye(2)))
        >>> empty = found.disbelieved("all is noise")
        >>> empty.count, empty.implausible, empty.micrograph.notes
        (0, 1, ('Nothing plausible was found: 1 region was predicted, but not taken for a particle: all is noise.',))
        """
        regions = "1 region was predicted, but not taken for a particle"
        if self.found > 1:
            regions = f"{self.found} regions were predicted, but not taken for particles"
        notes = (*self.micrograph.notes, f"{_DOUBTED}{regions}: {doubt}.")
        micrograph = dataclasses.replace(self.micrograph, notes=notes)
        labels = np.zeros_like(self.labels, np.uint16)
        scores = None if self.scores is None else self.scores[:0]
        return dataclasses.replace(self, labels=labels, micrograph=micrograph, implausible=self.found, scores=scores)

    def believed(self, labels: np.ndarray) -> Segmentation:
        """With these particles, of which nobody tells scores, and without a doubt that was told before."""
        micrograph = self.micrograph
        if self.implausible:
            notes = tuple(note for note in micrograph.notes if not note.startswith(_DOUBTED))
            micrograph = dataclasses.replace(micrograph, notes=notes)
        return dataclasses.replace(self, labels=labels, micrograph=micrograph, implausible=0, scores=None)


def numbered(labels: np.ndarray) -> np.ndarray:
    """Number particles consecutively from 1 in reading order: by their topmost, then leftmost pixel.

    The result is uint16, or uint32 above 65535 particles; 0 stays background.

    >>> numbered(np.array([[0, 70000, 70000], [3, 0, 3]])).tolist()
    [[0, 1, 1], [2, 0, 2]]
    """
    if labels.ndim != 2 or labels.dtype.kind not in "iu":
        raise ImageError(f"labels are whole numbers in rows and columns, not {labels.dtype} of shape {labels.shape}")
    lowest, highest = labels.min(initial=0), labels.max(initial=0)
    if lowest < 0:
        raise ImageError(f"labels are 0 or above, not {lowest}")
    if highest > labels.size:  # a table of all labels up to the highest would be larger than the image
        values, labels = np.unique(labels, return_inverse=True)
        labels, highest = labels + (values[0] > 0), values.size
    first = np.full(int(highest) + 1, labels.size)
    for start in reversed(range(0, len(labels), _band(labels))):
        band = labels[start : start + _band(labels)].ravel()
        pixels = np.flatnonzero(band > 0)[::-1]
        first[band[pixels]] = pixels + start * labels.shape[1]  # of several the one assigned last stays: the first
    present = np.flatnonzero(first < labels.size)
    number = np.zeros(first.size, np.uint16 if present.size < 2**16 else np.uint32)
    number[present[np.argsort(first[present])]] = np.arange(1, present.size + 1)
    return np.take(number, labels)


def count_pixels(labels: np.ndarray) -> np.ndarray:
    """The pixels of each label from 1 to the highest of a label image (rows, columns).

    >>> count_pixels(np.array([[1, 1], [0, 3]])).tolist()
    [2, 0, 1]
    """
    counts = np.zeros(int(labels.max(initial=0)) + 1, np.int64)
    for start in range(0, len(labels), _band(labels)):
        counts += np.bincount(labels[start : start + _band(labels)].ravel(), minlength=len(counts))
    return counts[1:]


def _band(labels: np.ndarray) -> int:
    """So many rows are worked on at a time: indices of all pixels would take eight bytes each."""
    return max(1, _BAND // max(labels.shape[1], 1))


def edge_labels(labels: np.ndarray) -> np.ndarray:
    """The labels found in the outermost rows and columns of a label image, 0 left out, sorted.

    >>> edge_labels(np.array([[1, 0, 0], [0, 2, 0], [0, 0, 3]])).tolist()
    [1, 3]
    """
    found = np.unique(np.concatenate([labels[:1].ravel(), labels[-1:].ravel(), labels[:, 0], labels[:, -1]]))
    return found[found > 0]
