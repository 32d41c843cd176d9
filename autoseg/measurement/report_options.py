"""What a report is to consist of."""

from __future__ import annotations

from pydantic import Field

from autoseg.images.class_overlay import ClassOverlayOptions
from autoseg.images.overlay import OverlayOptions
from autoseg.measurement.conditions import ConditionText
from autoseg.measurement.sizes import SizeOptions
from autoseg.options import Options


class ReportOptions(Options):
    """Which files a report consists of, and how its statistics are computed."""

    title: str = Field("Particle size report", min_length=1)
    "Title of the page. Not set: of one about classes, Class report."
    keep: tuple[ConditionText, ...] = ()
    "Keep only particles that meet all these conditions, such as 'circularity > 0.8', on columns of particles.csv."
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
