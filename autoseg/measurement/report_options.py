"""What a report is to consist of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator, Field

from autoseg.images.class_export import CLASS_ENDINGS
from autoseg.images.class_overlay import ClassOverlayOptions
from autoseg.images.export import ENDINGS, ON_REQUEST
from autoseg.images.overlay import OverlayOptions
from autoseg.measurement.conditions import ConditionText
from autoseg.measurement.sizes import SizeOptions
from autoseg.options import Options

_NOTHING = "none"
_SAVED = tuple({**ENDINGS, **CLASS_ENDINGS})


def _separate(given: object) -> object:
    """The names of files: several may stand in one text, with commas between them."""
    if not isinstance(given, str | list | tuple):
        return given
    names = [name.strip() for text in ([given] if isinstance(given, str) else given) for name in str(text).split(",")]
    if unknown := [name for name in names if name not in (*_SAVED, _NOTHING)]:
        raise ValueError(f"must be of {', '.join(_SAVED)}, or {_NOTHING}, not {unknown[0]!r}")
    return tuple(name for name in dict.fromkeys(names) if name != _NOTHING)


class ReportOptions(Options):
    """Which files a report consists of, and how its statistics are computed."""

    title: str = Field("Particle size report", min_length=1)
    "Title of the page. Not set: of one about classes, Class report."
    keep: tuple[ConditionText, ...] = ()
    "Keep only particles that meet all these conditions, such as 'circularity > 0.8', on columns of particles.csv."
    save: Annotated[tuple[str, ...] | None, BeforeValidator(_separate)] = None
    """Which files are written for each image, with commas between them: labels, probability, overlay, rois,
    uncertainty, geojson, of classes: classes; or none. Not set: all but uncertainty and geojson. Tables and report are
    always written."""
    uncertainty: bool = False
    """Write a map of the network's uncertainty for each image, too: 0 bits where it is sure, 1 bit where it cannot tell
    between two."""
    geojson: bool = False
    "Write the particles of each image as GeoJSON, too, with all their measures."
    coco: bool = False
    "Write the particles of all images as one COCO file, too."
    excel: bool = False
    "Write particles.xlsx beside particles.csv; needs the package openpyxl."
    seed: int = Field(0, ge=0)
    "Seed of the bootstrap intervals: the same seed gives the same intervals."
    sizes: SizeOptions = SizeOptions()
    "Which particles the statistics are computed from, and how."
    overlay: OverlayOptions = OverlayOptions()
    "What the overlays of particles show."
    class_overlay: ClassOverlayOptions = ClassOverlayOptions()
    "What the overlays of classes show."

    @property
    def kinds_of_particles(self) -> list[str]:
        """Which files are written for an image with particles."""
        return self._kinds(ENDINGS)

    @property
    def kinds_of_classes(self) -> list[str]:
        """Which files are written for an image with classes."""
        return self._kinds(CLASS_ENDINGS)

    def _kinds(self, known: Iterable[str]) -> list[str]:
        usual = [kind for kind in known if kind not in ON_REQUEST] if self.save is None else self.save
        return [kind for kind in known if kind in usual or (kind in ON_REQUEST and getattr(self, kind))]
