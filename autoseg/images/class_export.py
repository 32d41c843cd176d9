"""A class map as the files that other programs open."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from autoseg.images.class_files import write_classes
from autoseg.images.class_map import ClassMap
from autoseg.images.class_overlay import ClassOverlayOptions, write_class_overlay
from autoseg.images.export import ENDINGS, write_kinds
from autoseg.images.labels import write_probabilities, write_probability
from autoseg.images.uncertainty import class_entropy

CLASS_ENDINGS = {
    "classes": "_classes.tif",
    "probability": "_probability.tif",
    "uncertainty": "_uncertainty.tif",
    "overlay": "_overlay.png",
}
"How the name of each kind of file ends."

ALL_ENDINGS = tuple({**dict.fromkeys(ENDINGS.values()), **dict.fromkeys(CLASS_ENDINGS.values())})
"Including those of files about particles: for callers that do not know yet which kind there will be."


def export_classes(
    class_map: ClassMap,
    folder: str | os.PathLike[str],
    name: str | None = None,
    kinds: Iterable[str] | None = None,
    overlay: ClassOverlayOptions | None = None,
) -> dict[str, Path]:
    """Write files of some kinds, the keys of CLASS_ENDINGS, into a folder, and tell their paths.

    The probability has a page for each class, the uncertainty is the entropy over the classes in bits. All other rules
    are those of `autoseg.images.export.export`.
    """
    writers = _writers(class_map, overlay or ClassOverlayOptions())
    return write_kinds(kinds, writers, CLASS_ENDINGS, folder, name, class_map.micrograph)


def _writers(class_map: ClassMap, overlay: ClassOverlayOptions) -> dict[str, Callable[[Path], None]]:
    """The function that writes each kind of file, for the kinds that the class map has data for."""
    probability, size = class_map.probability, class_map.micrograph.pixel_size
    writers: dict[str, Callable[[Path], None]] = {
        "classes": lambda path: write_classes(path, class_map.classes, class_map.legend, size),
        "overlay": lambda path: write_class_overlay(path, class_map, overlay),
    }
    if probability is not None:
        writers["probability"] = lambda path: write_probabilities(path, probability, class_map.names, size)
        writers["uncertainty"] = lambda path: write_probability(path, class_entropy(probability), size)
    return writers
