import numpy as np
import pytest

from autoseg.images.labels import read_labels, write_labels
from autoseg.sem.stages.filter import Filter, FilterOptions
from autoseg.sem.stages.generate import Fakes
from autoseg.sem.stages.simulate import Masks
from autoseg.stages.grey import read_grey, write_grey
from tests.simulation.particles.scenes import write_scenes

LEFT, RIGHT = np.s_[10:30, 10:30], np.s_[10:30, 40:60]


def filtered(folder, left, right, ground, polarity="bright", **options):
    """One pair with two particles, whose micrograph shows them as bright as told, after the filter."""
    labels, micrograph = np.zeros((40, 70), np.uint16), np.full((40, 70), ground)
    labels[LEFT], labels[RIGHT], micrograph[LEFT], micrograph[RIGHT] = 1, 2, left, right
    write_labels(folder / "masks" / "00000_labels.tif", labels)
    write_grey(folder / "masks" / "00000_mask.tif", labels > 0)
    write_grey(folder / "fakes" / "00000.tif", micrograph)
    write_scenes(folder, 1)
    for number in range(1):
        write_grey(folder / "found" / f"{number}.tif", read_labels(folder / "truth" / f"{number}_labels.tif") > 0)
    stage = Filter(options=FilterOptions(**options), images=folder / "images", polarity=polarity)
    masks, fakes = Masks(masks=folder / "masks", count=1), Fakes(micrographs=folder / "fakes", masks=folder / "found")
    return stage.run(folder, np.random.default_rng(0), simulate=masks, generate=fakes)


@pytest.mark.parametrize(("polarity", "values"), [("bright", (0.9, 0.25, 0.2)), ("dark", (0.1, 0.75, 0.8))])
def test_what_the_micrograph_does_not_show_is_taken_out(tmp_path, polarity, values):
    pairs = filtered(tmp_path, *values, polarity=polarity)
    assert (pairs.kept, pairs.removed) == (1, 1)
    labels, mask = (read_labels(tmp_path / pairs.truth / f"00000_{kind}.tif") for kind in ("labels", "mask"))
    assert np.all(labels[LEFT] == 1)
    assert not labels[RIGHT].any()
    assert np.array_equal(mask, np.where(labels, 255, 0))


def test_the_filter_can_be_switched_off(tmp_path):
    assert filtered(tmp_path, 0.9, 0.2, 0.2, li_factor=None).kept == 2


def test_blur_changes_only_the_micrographs(tmp_path):
    pairs = filtered(tmp_path, 0.9, 0.8, 0.2, blur=1.5)
    blurred, sharp = read_grey(tmp_path / pairs.images / "00000.tif"), read_grey(tmp_path / "fakes" / "00000.tif")
    assert np.abs(np.diff(blurred.astype(int))).max() < np.abs(np.diff(sharp.astype(int))).max() / 2
    assert pairs.kept == 2


def test_particles_that_the_cyclegan_found_are_parted_and_filtered(tmp_path):
    pairs = filtered(tmp_path, 0.9, 0.8, 0.2)
    found, truth = (
        read_labels(tmp_path / pairs.segmented / "0_labels.tif"),
        read_labels(tmp_path / "truth" / "0_labels.tif"),
    )
    assert 3 < found.max() <= truth.max() + 2
    assert np.mean((found > 0) == (truth > 0)) > 0.98
