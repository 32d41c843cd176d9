"""Tiles of labelled micrographs show what these show, and the stage after them learns from all or none of one."""

import numpy as np
import pytest
import tifffile
from skimage.measure import regionprops

from autoseg.errors import ImageError
from autoseg.heads import Head
from autoseg.images.labels import write_labels
from autoseg.stages.cut_labelled import CutLabelled, CutLabelledOptions
from autoseg.stages.pairs import ParticlePairs, files_of, reader_of
from autoseg.stages.self_train import _read
from autoseg.stages.train_segmenter import hold_out

HEAD = Head(kind="instances")


def write_discs(folder, count, diameter, size=(300, 360), inverted=False):
    """Micrographs of discs on a grid, each as bright as its number; dark on bright ones, if inverted."""
    folder.mkdir(exist_ok=True)
    pitch = round(1.6 * diameter)
    row, column = np.indices(size)
    rings = np.hypot(row % pitch - pitch // 2, column % pitch - pitch // 2) < diameter / 2
    labels = np.where(rings, 1 + row // pitch * (size[1] // pitch + 1) + column // pitch, 0).astype(np.uint16)
    for number in range(count):
        image = np.where(labels > 0, 150 + labels % 50, 40).astype(np.uint8)
        tifffile.imwrite(folder / f"{number}.tif", 255 - image if inverted else image)
        write_labels(folder / f"{number}_labels.tif", labels)
    return folder


def cut(labelled, folder, polarity="bright", **options):
    settings = {"tile": 96, "tiles": 12, **options}
    stage = CutLabelled(options=CutLabelledOptions(**settings), labelled=labelled, polarity=polarity)
    pairs = stage.run(folder, np.random.default_rng(3))
    return pairs.changed(images=folder / pairs.images, truth=folder / pairs.truth)


@pytest.mark.parametrize("inverted", [False, True])
def test_particles_are_as_told_bright_or_dark_and_of_the_diameters_asked_for(tmp_path, inverted):
    labelled = write_discs(tmp_path / "a", count=2, diameter=60, inverted=inverted)
    pairs = cut(labelled, tmp_path, diameters=(15, 30), tiles=30)
    assert len(pairs.files()) == 30 and sorted(pairs.origins) == [0] * 15 + [1] * 15
    diameters = []
    for pair in pairs.files():
        image, labels, certainty, _ = pair.read(HEAD)
        assert image.shape == labels.shape == (96, 96) and certainty is None
        assert image[labels > 0].min() > image[labels == 0].mean() + 50
        particles = regionprops(labels)
        diameters += [one.equivalent_diameter_area for one in particles if min(one.bbox) > 0 and max(one.bbox) < 96]
    assert 14 < min(diameters) < 18 and 25 < max(diameters) < 31


def test_a_micrograph_smaller_than_a_tile_is_mirrored_and_what_is_cut_is_two_particles(tmp_path):
    labelled = write_discs(tmp_path / "a", count=1, diameter=40, size=(64, 64))
    for pair in cut(labelled, tmp_path, tile=128, largest_magnification=1, tiles=3).files():
        image, labels, *_ = pair.read(HEAD)
        assert all(one.euler_number == 1 for one in regionprops(labels))  # each hangs together
        assert labels.max() > 1 and image[labels > 0].mean() > 150 > image[labels == 0].mean() + 50


def test_masks_are_parted_where_particles_touch(tmp_path):
    (tmp_path / "a").mkdir()
    labels = np.ones((100, 100), np.uint16)
    labels[:, 50:] = 2
    write_labels(tmp_path / "a" / "0_labels.tif", labels)
    tifffile.imwrite(tmp_path / "a" / "0.tif", np.random.default_rng(0).integers(90, 110, (100, 100), np.uint8))
    found = [pair.read(Head(kind="mask")).labels for pair in cut(tmp_path / "a", tmp_path).files()]
    assert any((one == 0).any() and one.max() == 2 for one in found)


def test_what_is_not_labelled_can_be_ignored_and_all_pairs_are_then_read_alike(tmp_path):
    labelled = write_discs(tmp_path / "a", count=1, diameter=30)
    pairs = cut(labelled, tmp_path, unlabelled="ignored", diameters=(30, 30), tiles=2)
    rendered = ParticlePairs(images=tmp_path / "images", truth=tmp_path / "truth")
    rendered.write(tmp_path, "00000", np.zeros((96, 96)), np.zeros((96, 96), bool), np.zeros((96, 96), int))
    both = files_of([rendered, pairs])
    assert [pair.is_complete for pair in both] == [True, False, False]
    read = reader_of(both, HEAD)
    assert read(both[0]).certainty.min() == 1
    for pair in both[1:]:
        _, labels, certainty, _ = read(pair)
        assert (certainty[labels > 0] == 1).all() and set(np.unique(certainty)) == {0, 1}
        assert 0.02 < (certainty[labels == 0] > 0).mean() < 0.6  # a seam
        again = _read(pair, None, HEAD).certainty
        np.testing.assert_array_equal(again, 255 * certainty)
    assert reader_of(both[:1], HEAD)(both[0]).certainty is None


def test_an_image_of_what_is_ignored_counts_where_the_rest_is_background(tmp_path):
    labelled = write_discs(tmp_path / "a", count=1, diameter=30)
    tifffile.imwrite(labelled / "0_ignored.tif", np.tile(np.uint8([0, 9]), (300, 180)))
    pair = cut(labelled, tmp_path, diameters=(30, 30), largest_magnification=1, tiles=1).files()[0]
    assert pair.read(HEAD).certainty.mean() == pytest.approx(0.5, abs=0.1)


def test_pairs_of_one_micrograph_are_held_out_together(tmp_path):
    pairs = cut(write_discs(tmp_path / "a", count=4, diameter=30), tmp_path, tiles=20)
    files = pairs.files()
    held_out = hold_out(files, 0.25, seed=1)
    assert len(held_out) == 5 and len({pairs.origins[i] for i in held_out}) == 1


def test_a_smaller_choice_of_tiles_is_of_different_micrographs_and_replaces_the_last_one(tmp_path):
    labelled = write_discs(tmp_path / "a", count=4, diameter=30, size=(100, 100))
    cut(labelled, tmp_path, tiles=9)
    pairs = cut(labelled, tmp_path, tiles=3)
    assert len(pairs.files()) == 3 and len(set(pairs.origins)) == 3


def test_a_micrograph_of_which_nothing_is_known_is_refused(tmp_path):
    labelled = write_discs(tmp_path / "a", count=1, diameter=30)
    write_labels(labelled / "0_labels.tif", np.zeros((300, 360), np.uint16))
    assert not cut(labelled, tmp_path, tiles=1).files()[0].read(HEAD).labels.any()  # an empty field, to learn from
    with pytest.raises(ImageError, match=r"0_labels.tif: holds no particle"):
        cut(labelled, tmp_path, unlabelled="ignored")
