"""Masks find their slices, say what they say, and are shared out such that nothing is known beforehand."""

import numpy as np
import pytest
import tifffile

from autoseg.errors import ImageError, OptionsError
from autoseg.microct.slices.masks import MaskOptions, read_mask
from autoseg.microct.slices.pairing import pair_slices
from autoseg.microct.slices.splits import LEAK, SplitOptions, copied_neighbour, dice, find_leak, split_slices


def touch(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_masks_are_found_by_name_then_by_last_number(tmp_path):
    images = touch(tmp_path / "images", "image_v2_10.tif", "image_v2_9.tif", "other.png")
    masks = touch(tmp_path / "masks", "mask_009_inv.npy", "image_v2_10.png", "OTHER.tif", "mask_77.npy")
    pairs = pair_slices(images, masks)
    assert [(image.name, mask.name) for image, mask in pairs.labelled] == [
        ("image_v2_9.tif", "mask_009_inv.npy"),
        ("image_v2_10.tif", "image_v2_10.png"),
        ("other.png", "OTHER.tif"),
    ]
    assert [path.name for path in pairs.spare] == ["mask_77.npy"]


@pytest.mark.parametrize(("images", "masks", "problem"), [
    (["a_1.tif", "a_2.tif"], ["a_1.png"], "a_2.tif: has no mask"),
    (["a_1.tif"], ["a_1.png", "a_1.tif"], "a_1.tif: has 2 masks: a_1.png, a_1.tif"),
    (["a_1.tif", "b_1.tif"], ["m_001.npy"], "m_001.npy: would be the mask of a_1.tif and of b_1.tif"),
    (["a_1.tif"], ["notes.txt"], "masks: holds no masks"),
    ([], ["a.png"], "images: holds no images"),
])  # fmt: skip
def test_what_does_not_fit_is_told(tmp_path, images, masks, problem):
    with pytest.raises(ImageError, match=problem):
        pair_slices(touch(tmp_path / "images", *images), touch(tmp_path / "masks", *masks))


def test_slices_without_a_mask_may_be_unlabelled(tmp_path):
    images = touch(tmp_path / "images", "a_1.tif", "a_2.tif")
    masks = touch(tmp_path / "masks", "a_1.tif")
    assert [path.name for path in pair_slices(images, masks, "unlabelled").others] == ["a_2.tif"]
    assert pair_slices(images, masks, "pass_over").others == ()


GRAINS = np.zeros((20, 30), bool)
GRAINS[3:9, 4:15] = True


def painted():
    image = np.random.default_rng(0).normal(1.5e-4, 3e-5, GRAINS.shape).astype(np.float32)
    image[15:18, 20:28] = 3.5277e-4  # a plate, which is no grain
    return np.where(GRAINS, np.float32(-3e-4), image)


@pytest.mark.parametrize(("values", "grains"), [
    (painted(), "auto"),
    (painted(), "painted"),
    (GRAINS.astype(np.uint8) * 255, "auto"),
    (GRAINS.astype(np.float32), "auto"),
    (GRAINS, "auto"),
    (GRAINS + 7, "auto"),
    (GRAINS * 3 + (np.indices(GRAINS.shape)[1] > 25), (3,)),
])  # fmt: skip
def test_masks_of_all_kinds_say_the_same(tmp_path, values, grains):
    np.save(tmp_path / "mask.npy", values)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.npy", MaskOptions(grains=grains)), GRAINS)
    if values.dtype != bool and values.dtype != np.int64:
        tifffile.imwrite(tmp_path / "mask.tif", values)
        np.testing.assert_array_equal(read_mask(tmp_path / "mask.tif", MaskOptions(grains=grains)), GRAINS)


@pytest.mark.parametrize(("values", "problem"), [
    (np.arange(12).reshape(3, 4), "holds 12 values"),
    (np.full((3, 4), np.nan), "not finite"),
    (np.zeros((2, 3, 4)), "no slice"),
])  # fmt: skip
def test_what_is_no_mask_is_told(tmp_path, values, problem):
    np.save(tmp_path / "mask.npy", values)
    with pytest.raises(ImageError, match=rf"mask\.npy: .*{problem}"):
        read_mask(tmp_path / "mask.npy")


def test_an_empty_mask_has_no_grains(tmp_path):
    np.save(tmp_path / "mask.npy", np.zeros((3, 4), np.uint8))
    assert not read_mask(tmp_path / "mask.npy").any()


NAMES = [f"image_v2_{number:02}" for number in range(22)]


def test_the_published_split_is_the_published_one():
    split = split_slices(NAMES, SplitOptions(method="published"))
    assert split.training == (13, 3, 6, 4, 20, 15, 16, 12, 10, 5, 18, 11, 17, 19)
    assert (split.validation, split.test) == ((14, 8, 9, 1), (21, 7, 2, 0))


def test_blocks_keep_their_distance():
    split = split_slices(NAMES)
    assert max(split.training) + 2 < min(split.validation) and max(split.validation) + 2 < min(split.test)
    assert split_slices(NAMES[:3]).training == (0, 1, 2)


def test_named_slices_are_those_that_are_named():
    options = SplitOptions(method="named", training=NAMES[:2], validation=NAMES[5:6], test=NAMES[9:10])
    split = split_slices(NAMES, options)
    assert (split.training, split.validation, split.test) == ((0, 1), (5,), (9,))
    for wrong in ({"training": ("nothing",)}, {"training": NAMES[:1], "test": NAMES[:1]}):
        with pytest.raises(OptionsError):
            split_slices(NAMES, SplitOptions(method="named", **wrong))
    with pytest.raises(OptionsError, match="named"):
        SplitOptions(training=("a",))


def section(grains, height):
    """The mask of a slice through balls (z, y, x, radius)."""
    rows, columns = np.indices((80, 80))
    mask = np.zeros(rows.shape, bool)
    for z, y, x, radius in grains:
        mask |= (rows - y) ** 2 + (columns - x) ** 2 < radius**2 - (height - z) ** 2
    return mask


def test_a_leak_is_found():
    """Every tenth slice of a volume: of neighbouring ones, masks have much in common."""
    rng = np.random.default_rng(0)
    grains = [(*rng.uniform((0, 5, 5), (220, 75, 75)), rng.uniform(9, 15)) for _ in range(60)]
    masks = [section(grains, height) for height in range(0, 220, 10)]
    leaking, honest = split_slices(NAMES, SplitOptions(method="published")), split_slices(NAMES)
    assert find_leak(masks, leaking) > LEAK > find_leak(masks, honest)
    assert copied_neighbour(masks, leaking) > copied_neighbour(masks, honest) + 0.1
    assert dice(masks[0], masks[0]) == 1 and find_leak(masks, split_slices(NAMES[:3])) is None
