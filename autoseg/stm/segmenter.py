"""From a scan to its defects: made level, shown to the network at 18 px per row, and decided by rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np

from autoseg.errors import OptionsError
from autoseg.heads import Head
from autoseg.images.class_map import ClassMap
from autoseg.images.micrograph import Micrograph
from autoseg.options import Options
from autoseg.segmentation.adaptation import Adaptation
from autoseg.segmentation.pyramid import Level
from autoseg.segmentation.segment import AnyModel, Image, Segmenter, SegmentOptions
from autoseg.stm.classes import LEGEND, ROWS
from autoseg.stm.counts import Field
from autoseg.stm.defects import DefectOptions, Defects, find_defects
from autoseg.stm.lattice import LatticeOptions, Rows, check_scale, find_rows
from autoseg.stm.levelling import LevellingOptions
from autoseg.stm.rules import Rules
from autoseg.stm.showing import made_level, magnification_of


class SurfaceOptions(Options):
    """How scans are prepared, and how defects follow from what a network predicts."""

    levelling: LevellingOptions = LevellingOptions()
    "How heights are made level; pictures of grey values are left as they are."
    lattice: LatticeOptions = LatticeOptions()
    "How rows are looked for."
    rules: Rules = Rules()
    "How classes follow from probabilities."
    defects: DefectOptions = DefectOptions()
    "What counts as a defect."


@dataclasses.dataclass(frozen=True, eq=False)
class SurfaceMap(ClassMap):
    """The classes of a scan, in which every defect has one, and what its lattice tells; the micrograph is level."""

    defects: Defects = dataclasses.field(kw_only=True, repr=False)
    lattice: Rows | None = dataclasses.field(kw_only=True)

    @property
    def view(self) -> Field:
        """How large the field of view is."""
        spacing = None if self.lattice is None else self.lattice.spacing
        return Field(self.classes.size, self.micrograph.pixel_size, spacing)


def knows_surfaces(head: Head | None) -> bool:
    """Whether a model is of this wing: it tells its classes."""
    return head is not None and head.class_names == tuple(one.name for one in LEGEND)


class SurfaceSegmenter(Segmenter):
    """A model, and perhaps a second one, ready to find defects in many scans."""

    def __init__(
        self,
        model: AnyModel,
        options: SegmentOptions | None = None,
        surfaces: SurfaceOptions | None = None,
        ensemble: AnyModel | None = None,
    ):
        super().__init__(model, options)
        self.surfaces = surfaces or SurfaceOptions()
        self._rows: WeakKeyDictionary[Micrograph, Rows | None] = WeakKeyDictionary()
        self._recorded: WeakKeyDictionary[Micrograph, np.ndarray] = WeakKeyDictionary()
        self.second = None if ensemble is None else Segmenter(ensemble, options)
        for one in filter(None, (self, self.second)):
            if not knows_surfaces(one.head):
                problem = f'the model "{one.model.name}" does not tell the defects of surfaces'
                raise OptionsError(problem, advice="Choose one that `autoseg run stm` trained.")
        probability = np.full((1, 1, len(LEGEND)), 1 / len(LEGEND), np.float32)  # what cannot work is told at once
        rows = np.ones((1, 1), np.float32) if self._tells_rows else None
        self.surfaces.rules.apply(probability, None if self.second is None else probability, rows)

    def _find_rows(self, micrograph: Micrograph) -> Rows | None:
        """The rows of a micrograph, looked for once."""
        if micrograph not in self._rows:
            self._rows[micrograph] = find_rows(micrograph.field, self.surfaces.lattice)
        return self._rows[micrograph]

    @cached_property
    def _tells_rows(self) -> bool:
        return any(output.name == ROWS for output in self.head.also)

    def read(self, image: Image) -> Micrograph:
        """The micrograph, made level where it holds heights."""
        recorded = super().read(image)
        levelled = made_level(recorded, self.surfaces.levelling)
        if levelled is not recorded:
            self._recorded[levelled] = recorded.field
        return levelled

    def choose(self, micrograph: Micrograph) -> Adaptation:
        """Magnified such that rows are 18 px apart; as it is, where there are none, or as the options tell."""
        asked, known = self.options.magnification, self.model.config.polarity
        return Adaptation(known, magnification_of(self._find_rows(micrograph)) if asked == "auto" else asked)

    def predict_levels(self, micrograph: Micrograph, adaptation: Adaptation) -> tuple[Level, ...]:
        """What the network predicts, and beside that what the second one does."""
        first = super().predict_levels(micrograph, adaptation)
        return first if self.second is None else (*first, *self.second.predict_levels(micrograph, adaptation))

    def finish(self, micrograph: Micrograph, levels: Sequence[Level], adaptation: Adaptation) -> SurfaceMap:
        """The classes by the rules, and the defects, in pixels of the scan."""
        outputs = [self._bring_back(one, micrograph) for one in levels]
        probabilities, name = [one[self.head.main.name] for one in outputs], self.head.main.name
        rows = outputs[0][ROWS][..., 0] if self._tells_rows else None
        second = probabilities[1] if self.second else None
        classes = self.surfaces.rules.apply(probabilities[0], second, rows)
        defects = find_defects(classes, self.surfaces.defects.at(adaptation.magnification))
        lattice = self._find_rows(micrograph)
        check = check_scale(lattice, micrograph.pixel_size, self.surfaces.lattice)
        warning = " Defects are looked for at the size of the picture as it is." if lattice is None else ""
        return SurfaceMap(
            classes=defects.classes,
            probability=np.stack(probabilities).mean(axis=0, dtype=np.float32),
            legend=self.head.classes,
            micrograph=dataclasses.replace(micrograph, notes=(*micrograph.notes, check.note + warning)),
            also={key: value for key, value in outputs[0].items() if key != name},
            recorded=self._recorded.get(micrograph),
            defects=defects,
            lattice=lattice,
        )
