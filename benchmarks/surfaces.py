"""How well a model finds the defects of made-up surfaces that it has not seen, at any size, and whether intervals hold.

python benchmarks/surfaces.py stm-si100              200 pictures of the published rules: pixels, objects, rows, counts
python benchmarks/surfaces.py stm-si100 cut          the same pictures cut to odd sizes, magnified by their lattice
python benchmarks/surfaces.py stm-si100 resampled    the same parts, resampled by 0.5 to 2
python benchmarks/surfaces.py stm-si100 recovery 20  planted defects: do 95 % intervals hold the true mean counts?
"""

import sys

import cv2
import numpy as np

from autoseg.images.resizing import sampled
from autoseg.segmentation.segment import SegmentOptions
from autoseg.stm.classes import DEFECTS, LEGEND, ROWS
from autoseg.stm.defects import DefectOptions, Defects, find_defects, known_defects
from autoseg.stm.recovery import measure_recovery
from autoseg.stm.scores import lines_of, pool_surfaces, score_surface
from autoseg.stm.segmenter import SurfaceSegmenter
from autoseg.stm.simulation.options import SurfaceOptions
from autoseg.stm.simulation.topography import draw_topography

COUNT, SEED, PLANTED, MEAN = 200, 20_261, 60, 20
SMALLEST = DefectOptions().smallest


def pictures(count):
    for number, rng in enumerate(np.random.default_rng(SEED).spawn(count)):
        yield draw_topography(SurfaceOptions(rules="published"), rng, number % 16), rng


def resampled(drawn, factor, rng):
    """Picture, classes, numbers of defects and rows of a part with odd sides, magnified."""
    rows, columns = (int(rng.integers(440, 600)) | 1 for _ in range(2))
    size = round(columns * factor), round(rows * factor)
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    image = cv2.resize(drawn.image[:rows, :columns], size, interpolation=way)
    masks = (drawn.classes, drawn.instances, drawn.rows)
    return image, *(sampled(one[:rows, :columns], size[::-1]) for one in masks)


def measure(model, what, count=COUNT):
    whole, scores = what == "plain", []
    segmenter = SurfaceSegmenter(model, SegmentOptions(magnification=1 if whole else "auto"))
    for drawn, rng in pictures(count):
        drawn_factor = float(np.exp(rng.uniform(np.log(0.5), np.log(2))))
        factor = drawn_factor if what == "resampled" else 1.0
        image, classes, instances, rows = (
            (drawn.image, drawn.classes, drawn.instances, drawn.rows) if whole else resampled(drawn, factor, rng)
        )
        result, smallest = segmenter(image), round(SMALLEST * factor**2)
        defects = find_defects(result.classes, DefectOptions().at(1 / factor))
        truth = known_defects(instances, classes, smallest)
        shown = result.also[ROWS][..., 0] > 0.5
        scores.append(score_surface(defects, truth, classes, (shown, rows > 0), smallest))
    pooled = pool_surfaces(scores)
    print("\n".join(lines_of(pooled)))
    for kind, one in pooled.defects.items():
        print(f"{LEGEND[kind].name}: {100 * (one.predicted / one.true - 1):+.1f} % found")


def measure_intervals(model, count):
    """Defects fall on each surface by chance, as many as a Poisson distribution says: its mean is what intervals tell.

    True are defects that are seen at all, as in the scores; the true mean of a class is that of all surfaces.
    """
    segmenter, rows, counts = SurfaceSegmenter(model), [], {kind: [] for kind in DEFECTS}
    for number, rng in enumerate(np.random.default_rng(SEED).spawn(count)):
        defects = int(rng.poisson(MEAN))
        drawn = draw_topography(SurfaceOptions(rules="published", defects=(defects, defects)), rng, number % 16)
        found = segmenter(drawn.image)
        recovery = measure_recovery(segmenter, found, PLANTED, rng)
        rows += zip(DEFECTS, recovery.rows(found.defects.counts), strict=True)
        truth: Defects = known_defects(drawn.instances, drawn.classes, SMALLEST)
        for kind in DEFECTS:
            counts[kind].append(truth.counts[kind])
    known = [(kind, row) for kind, row in rows if row["planted"]]
    held = sum(row["corrected_low"] <= np.mean(counts[kind]) <= row["corrected_high"] for kind, row in known)
    means = ", ".join(f"{LEGEND[kind].name} {np.mean(counts[kind]):.1f}" for kind in DEFECTS)
    print(f"mean counts: {means}")
    print(f"{held} of {len(known)} intervals hold the true mean: {100 * held / len(known):.1f} %")


if __name__ == "__main__":
    model, what, count = [*sys.argv[1:], "plain", "20"][:3]
    if what == "recovery":
        measure_intervals(model, int(count))
    elif what in ("plain", "cut", "resampled"):
        measure(model, what)
    else:
        sys.exit(__doc__)
