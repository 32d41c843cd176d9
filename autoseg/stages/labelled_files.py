"""Which files tell what micrographs show: labels, masks or outlines beside them, and where nobody knows."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from autoseg.errors import ImageError, enumerate_briefly
from autoseg.evaluation.files import PROGRAMS, ParticleKind, drawn_in, is_drawn, join_labels, names_told, read_particles
from autoseg.images.folders import images_in
from autoseg.images.labels import read_labels
from autoseg.images.micrograph import ReadOptions, read
from autoseg.images.outlines import COCO, GEOJSON, ROIS, is_coco
from autoseg.images.segmentation import Segmentation

TRUTH = ("_labels", *PROGRAMS)
"How the names of files end that tell what the image of the same name shows."
IGNORED = "_ignored"
"How the names of images end that are not black where nobody knows what is shown."
Role = Literal["micrograph", "truth", "ignored"]


@dataclass(frozen=True)
class LabelledFile:
    """A micrograph, the file that tells which particles it shows, and one that tells where that is not known."""

    micrograph: Path
    truth: Path
    ignored: Path | None = None

    def read(self, options: ReadOptions, kind: ParticleKind) -> tuple[Segmentation, np.ndarray]:
        """The particles in the field of view, and where nobody knows (rows, columns)."""
        micrograph = read(self.micrograph, options)
        name = unicodedata.normalize("NFC", self.micrograph.stem)
        labels = read_particles(self.truth, kind, shape=micrograph.pixels.shape, name=name)
        found = join_labels(labels, micrograph, self.truth)
        if self.ignored is None:
            return found, np.zeros(found.labels.shape, bool)
        ignored = read_labels(self.ignored)[: len(found.labels)] > 0
        if ignored.shape != found.labels.shape:
            problem = f"has {ignored.shape[1]} x {ignored.shape[0]} pixels, its micrograph {found.labels.shape[::-1]}"
            raise ImageError(problem, file=self.ignored, advice="Both must show the same part of the image.")
        return found, ignored


def find_labelled(folder: Path, labels: Path | None = None, only_labelled: bool = False) -> list[LabelledFile]:
    """The micrographs of a folder and their truth, which lies beside them as NAME_labels.tif, or in a folder of labels.

    A micrograph without truth is refused, or, if only labelled ones are asked for, passed over; a truth without
    micrograph is refused, as are two for one.
    """
    found: dict[Role, dict[str, Path]] = {"micrograph": {}, "truth": {}, "ignored": {}}
    for place in dict.fromkeys([folder, labels or folder]):
        for path in _files(place):
            role, names = _role(path, alone=place == labels)
            for name in names:
                if name in found[role]:
                    problem = f"is a {role} of the same name as {found[role][name].name}"
                    raise ImageError(problem, file=path, advice="Rename or remove one of them.")
                found[role][name] = path
    micrographs, truths, ignored = found.values()
    if lost := [path for role in (truths, ignored) for name, path in role.items() if name not in micrographs]:
        problem = f"holds no image to which {enumerate_briefly(lost)} would belong by name"
        raise ImageError(problem, file=folder, advice="Name labels as their image, with _labels behind it.")
    missing = [path for name, path in micrographs.items() if name not in truths]
    if not truths or (missing and not only_labelled):
        advice = f"Beside a.tif belongs a{', a'.join(TRUTH)}, as image, zip of ROIs or GeoJSON, or a COCO file"
        advice += '; or set "only_labelled" to pass over those without.' if truths else "."
        raise ImageError(f"holds no labels of {enumerate_briefly(missing)}", file=labels or folder, advice=advice)
    return [LabelledFile(micrographs[name], truths[name], ignored.get(name)) for name in sorted(truths)]


def _role(path: Path, alone: bool) -> tuple[Role, list[str]]:
    """What a file is, and of which micrographs; those that lie `alone`, without micrographs, are all truth."""
    stem = unicodedata.normalize("NFC", path.stem)
    if stem.endswith(IGNORED):
        return "ignored", [stem.removesuffix(IGNORED)]
    if path.suffix.lower() == COCO:
        return "truth", names_told(path)
    ending = next((ending for ending in TRUTH if stem.endswith(ending)), "")
    is_truth = ending or alone or is_drawn(path)
    return ("truth" if is_truth else "micrograph"), [stem.removesuffix(ending)]


def _files(folder: Path) -> list[Path]:
    """The images of a folder, and its files of outlines; JSON is passed over that is not COCO's, such as a run's."""
    drawn = [path for path in drawn_in(folder, (ROIS, GEOJSON, COCO)) if path.suffix.lower() != COCO or is_coco(path)]
    try:
        return [*images_in(folder), *drawn]
    except ImageError:
        if not drawn:
            raise
        return drawn
