"""Which topographies are made up."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic
from pydantic import AfterValidator, Field

from autoseg.images.geometry import ordered
from autoseg.options import Options, Share
from autoseg.stm.lattice import NETWORK_SPACING, ROW_DISTANCE, Material
from autoseg.stm.simulation.signatures import Outline

Generator = Literal["terraces", "plane"]
Rules = Literal["published", "corrected"]
Effect = Literal["xy", "zones", "amp_noise", "white_artifacts", "tilt", "oscillation"]
"Called as in the published generator."
VARIED: tuple[Effect, ...] = ("xy", "zones", "amp_noise", "white_artifacts")
"Effects all combinations of which are drawn, in the order of the numbers in a variant's name."
PUBLISHED_SIZE = 600
WholeRange = Annotated[tuple[int, int], AfterValidator(ordered)]


class SurfaceOptions(Options):
    """How a topography is made up."""

    generator: Generator = "terraces"
    "terraces: step edges as on a real surface, on which defects lie; plane: the levels of a tilted and rough plane."
    rules: Rules = "corrected"
    """published: as the published generator draws, with its mistakes; corrected: waves of drift, every defect on
    dimers of its terrace and beside the others, double steps, masks in one piece."""
    effects: tuple[Effect, ...] | None = None
    """What every picture has: xy (drift), zones (a stretched axis), amp_noise, white_artifacts (streaks), tilt,
    oscillation. Not set: all 16 combinations of the first four in turn, and each of the others in half of the
    pictures."""
    size: int = Field(PUBLISHED_SIZE, ge=64)
    "Edge of a picture in px; rows are 18 px apart."
    steps: WholeRange = (1, 5)
    "Fewest and most step edges; for plane, one less than the number of levels."
    defects: WholeRange | None = None
    """Fewest and most defects tried on the canvas that a picture of 600 px is cut from, and on others in proportion.
    Not set: 1 to 25 on terraces, 0 to 6 on the plane."""
    angle: Annotated[tuple[float, float], AfterValidator(ordered)] = (45.0, 45.0)
    "Range of the angle in degrees by which the lattice is turned."
    double_steps: Share | None = None
    "Share of the step edges across which rows keep their direction. Not set: 0.2; the published rules know none."
    masks: Literal["auto"] | Outline = "auto"
    """Of defects. pieces: wherever they change the picture, as published; unbroken: the largest piece of that; box: all
    of their dimers, as published for plane; auto: as the rules have it, unbroken if they are corrected."""
    material: Material = "Si"
    "Tells the size of a pixel, by the distance of rows."

    @pydantic.model_validator(mode="after")
    def _fits_together(self) -> SurfaceOptions:
        if self.steps[0] < 1 or (self.defects and self.defects[0] < 0):
            raise ValueError('"steps" must begin with 1 or more, "defects" with 0 or more')
        if self.rules == "published" and self.double_steps is not None:
            raise ValueError('"double_steps" does not count for the published rules')
        if self.rules == "published" and self.generator == "plane" and self.effects:
            raise ValueError('the published generator "plane" knows no "effects"')
        return self

    @property
    def tries(self) -> tuple[int, int]:
        """Fewest and most defects that are tried."""
        return self.defects or ((1, 25) if self.generator == "terraces" else (0, 6))

    @property
    def doubled(self) -> float:
        """Share of the step edges across which rows keep their direction."""
        usual = 0.0 if self.rules == "published" else 0.2
        return usual if self.double_steps is None else self.double_steps

    @property
    def outline(self) -> Outline:
        """What belongs to a defect in the masks."""
        if self.masks != "auto":
            return self.masks
        if self.rules == "corrected":
            return "unbroken"
        return "box" if self.generator == "plane" else "pieces"

    @property
    def pixel_size(self) -> float:
        """Edge of a pixel in nm."""
        return ROW_DISTANCE[self.material] / NETWORK_SPACING
