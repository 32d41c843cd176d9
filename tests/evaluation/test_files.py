"""Label images and masks as files: which belong together, what is read from them, and what is refused."""

import unicodedata
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile

from autoseg.errors import ImageError
from autoseg.evaluation.files import by_stem, label_files, pair_up, read_pair, read_particles
from autoseg.images.annotations import write_coco, write_geojson
from autoseg.images.labels import write_labels
from autoseg.images.rois import write_rois
from tests.evaluation.scenes import rectangles

MASK = rectangles((2, 2, 4, 4), (6, 6, 4, 4), (15, 30, 5, 5), shape=(20, 40)) > 0  # the first two share a corner


def touched(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def names(paths):
    return [path.name for path in paths]


def written(path, image):
    """A file of an image as it is."""
    (tifffile.imwrite if path.suffix == ".tif" else imageio.imwrite)(path, image)
    return path


def test_of_a_folder_of_results_only_the_labels_are_taken(tmp_path):
    folder = touched(tmp_path / "a", "b_labels.tif", "b_probability.tif", "a_labels.PNG", "a_overlay.png", "notes.txt")
    assert names(label_files(folder)) == ["a_labels.PNG", "b_labels.tif"]
    assert names(label_files(touched(tmp_path / "b", "y.png", "x.tif", "x.csv"))) == ["x.tif", "y.png"]


def test_of_labels_and_class_maps_those_are_taken_that_are_asked_for(tmp_path):
    folder = touched(tmp_path / "a", "b_labels.tif", "b_classes.tif", "b_overlay.png")
    assert names(label_files(folder)) == ["b_labels.tif"]
    assert names(label_files(folder, classes_first=True)) == ["b_classes.tif"]
    only = touched(tmp_path / "b", "b_classes.tif", "b_overlay.png")
    assert names(label_files(only)) == ["b_classes.tif"]
    labels, classes = folder / "b_labels.tif", folder / "b_classes.tif"
    assert pair_up(folder, folder) == {"b": (labels, labels)}
    assert pair_up(folder, folder, kind="classes") == {"b": (classes, classes)}
    assert pair_up(only, folder) == {"b": (only / "b_classes.tif", classes)}


def test_files_of_other_programs_are_known_by_their_names(tmp_path):
    cellpose = touched(tmp_path / "a", "a.tif", "a_cp_masks.png", "a_seg.npy", "a_flows.tif")
    assert names(label_files(cellpose)) == ["a_cp_masks.png"]
    assert names(label_files(touched(tmp_path / "b", "a.tif", "a_seg.npy", "b_seg.npy"))) == ["a_seg.npy", "b_seg.npy"]
    assert names(label_files(touched(tmp_path / "c", "a.zip", "b.geojson", ".c.zip"))) == ["a.zip", "b.geojson"]
    assert names(label_files(touched(tmp_path / "d", "a_masks.tif", "a.tif"))) == ["a_masks.tif"]
    assert names(label_files(touched(tmp_path / "e", "a.tif", "a.geojson"))) == ["a.tif"]


WRITERS = {
    "rois.zip": write_rois,
    "a.geojson": write_geojson,
    "coco.json": lambda path, labels: write_coco(path, {"a.tif": labels}),
    "a_seg.npy": lambda path, labels: np.save(path, {"masks": labels}),
    "a_masks.tif": lambda path, labels: tifffile.imwrite(path, labels.astype(np.float32)),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("swapped", [False, True])
def test_labels_of_any_program_can_be_scored(tmp_path, name, swapped):
    labels = read_particles(written(tmp_path / "b.tif", np.uint8(MASK)))
    WRITERS[name](tmp_path / name, labels)
    pairs = pair_up(*((tmp_path / "b.tif", tmp_path / name) if swapped else (tmp_path / name, tmp_path / "b.tif")))
    ((name, pair),) = pairs.items()
    for rows in (None, 12):
        np.testing.assert_array_equal(*read_pair(*pair, "auto", rows, name))


def test_coco_stands_for_a_folder(tmp_path):
    labels = read_particles(written(tmp_path / "truth.tif", np.uint8(MASK)))
    coco, folder = tmp_path / "coco.json", tmp_path / "labels"
    for name in "ab":
        write_labels(folder / f"{name}_labels.tif", labels)
    write_coco(coco, {"a.tif": labels, "b.tif": labels})
    assert pair_up(coco, folder) == {name: (coco, folder / f"{name}_labels.tif") for name in "ab"}
    assert pair_up(folder, coco) == {name: (folder / f"{name}_labels.tif", coco) for name in "ab"}
    with pytest.raises(ImageError, match=r"coco.json: tells of 2 images, but .*truth.tif of 1"):
        pair_up(coco, tmp_path / "truth.tif")
    with pytest.raises(ImageError, match=r"truth.tif: tells of 1 images, but .*coco.json of 2"):
        pair_up(tmp_path / "truth.tif", coco)
    write_coco(coco, {"a.tif": labels, "x/a.png": labels})
    with pytest.raises(ImageError, match=r'coco\.json: names "a" twice'):
        pair_up(coco, folder)


def test_two_files_that_do_not_tell_their_size_cannot_be_scored(tmp_path):
    for name in ("a.zip", "b.zip"):
        write_rois(tmp_path / name, np.eye(3, dtype=np.uint16))
    with pytest.raises(ImageError, match=r"a.zip: does not say how large its image is"):
        read_pair(tmp_path / "a.zip", tmp_path / "b.zip", "auto", None)


def test_the_name_that_counts_has_neither_ending_nor_suffix():
    paths = [Path("x/a_labels.tif"), Path("b.tar.png"), Path("_labels_c.tif"), Path("d_classes.tif")]
    assert by_stem(paths) == dict(zip(("a", "b.tar", "_labels_c", "d"), paths, strict=True))


def test_letters_with_accents_are_equal_however_they_are_encoded():
    composed, decomposed = (unicodedata.normalize(form, "größe é.tif") for form in ("NFC", "NFD"))
    assert composed != decomposed and by_stem([Path(composed)]).keys() == by_stem([Path(decomposed)]).keys()
    with pytest.raises(ImageError, match="has the same name as"):
        by_stem([Path(composed), Path(decomposed)])


@pytest.mark.parametrize("other", ["a.png", "a_labels.png", "a_classes.tif", "y/a.tif"])
def test_two_files_of_one_name_are_refused(other):
    with pytest.raises(ImageError, match=r"has the same name as a\.tif") as found:
        by_stem([Path("a.tif"), Path(other)])
    assert found.value.file == Path(other)


@pytest.mark.parametrize("level", [1, 7, 255])
def test_an_image_with_one_value_is_a_mask_whose_regions_are_the_particles(tmp_path, level):
    found = read_particles(written(tmp_path / "a.png", level * MASK.astype(np.uint8)))
    assert np.unique(found).tolist() == [0, 1, 2, 3]
    assert (found[2, 2], found[9, 9], found[15, 30]) == (1, 2, 3) and np.array_equal(found > 0, MASK)


def test_what_is_said_about_the_kind_counts(tmp_path):
    path = written(tmp_path / "a.tif", 7 * MASK.astype(np.uint16))
    assert np.array_equal(read_particles(path, "labels"), MASK)
    assert read_particles(path, "masks").max() == 3
    two = written(tmp_path / "b.tif", MASK.astype(np.uint8) + MASK * np.uint8(np.arange(40) > 20))
    assert np.unique(read_particles(two)).tolist() == [0, 1, 2]  # pieces of one number remain one particle
    with pytest.raises(ImageError, match=r"b\.tif: has 2 values beside 0, so it is no mask"):
        read_particles(two, "masks")


def test_labels_are_numbered_in_reading_order_and_may_be_floats_of_whole_numbers(tmp_path):
    labels = np.zeros((12, 20), np.float32)
    labels[1:4, 10:15], labels[3:8, 2:5], labels[9, 9] = 900, 70000, 5
    found = read_particles(written(tmp_path / "a.tif", labels))
    assert [int(found[place]) for place in ((1, 10), (3, 2), (9, 9))] == [1, 2, 3]


@pytest.mark.parametrize("kind", ["auto", "labels", "masks"])
def test_an_empty_image_has_no_particle(tmp_path, kind):
    found = read_particles(written(tmp_path / "a.png", np.zeros((6, 9), np.uint8)), kind)
    assert found.shape == (6, 9) and not found.any()


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG"])
def test_a_jpeg_is_refused_unread(name):
    with pytest.raises(ImageError, match=rf"{name}: is a JPEG, .* TIFF or PNG"):
        read_particles(Path(name))


def test_colours_and_fractions_are_refused_with_the_name_of_the_file(tmp_path):
    colours = np.zeros((6, 9, 3), np.uint8)
    colours[2, 3] = 255, 0, 0
    with pytest.raises(ImageError, match=r"a\.png: is a colour image"):
        read_particles(written(tmp_path / "a.png", colours))
    with pytest.raises(ImageError, match=r"b\.tif: labels are an image of whole numbers"):
        read_particles(written(tmp_path / "b.tif", np.full((6, 9), 0.5, np.float32)))


def test_files_of_two_folders_belong_together_by_name(tmp_path):
    ours = touched(tmp_path / "ours", "b_labels.tif", "a_labels.tif", "b_overlay.png")
    theirs = touched(tmp_path / "theirs", "a.png", "b.bmp")
    assert pair_up(ours, theirs) == {
        "a": (ours / "a_labels.tif", theirs / "a.png"),
        "b": (ours / "b_labels.tif", theirs / "b.bmp"),
    }
    assert pair_up(ours / "a_labels.tif", theirs / "b.bmp") == {"a": (ours / "a_labels.tif", theirs / "b.bmp")}


def test_files_without_a_partner_are_named_and_left_out_only_on_request(tmp_path):
    ours, theirs = touched(tmp_path / "ours", "c.tif", "a.tif"), touched(tmp_path / "theirs", "b.tif", "c.tif")
    with pytest.raises(ImageError) as found:
        pair_up(ours, theirs)
    assert found.value.problem == f"no partner for {ours / 'a.tif'}, {theirs / 'b.tif'}"
    assert "--only-common" in found.value.advice
    assert pair_up(ours, theirs, only_common=True) == {"c": (ours / "c.tif", theirs / "c.tif")}


def test_where_nothing_is_common_leaving_out_is_no_way_out(tmp_path):
    ours, theirs = touched(tmp_path / "ours", "a.tif"), touched(tmp_path / "theirs", "b.tif")
    with pytest.raises(ImageError, match="no partner for") as found:
        pair_up(ours, theirs, only_common=True)
    assert "--only-common" not in found.value.advice


def test_a_file_and_a_folder_are_no_pair(tmp_path):
    folder = touched(tmp_path / "ours", "a.tif")
    with pytest.raises(ImageError, match=r"ours: is a folder, but .* is not\. Give two files, or two folders"):
        pair_up(folder, folder / "a.tif")
    with pytest.raises(ImageError, match=r"a\.tif: is a file, but .* is not"):
        pair_up(folder / "a.tif", folder)


def pair_of(folder, predicted, true):
    write_labels(folder / "p.tif", predicted)
    write_labels(folder / "t.tif", true)
    return folder / "p.tif", folder / "t.tif"


@pytest.mark.parametrize("swapped", [False, True])
def test_empty_rows_at_the_bottom_of_one_of_them_do_no_harm(tmp_path, swapped):
    low = rectangles((2, 2, 5, 5), (10, 20, 5, 5), shape=(20, 30))
    high = np.pad(low, ((0, 6), (0, 0)))
    found = read_pair(*pair_of(tmp_path, *((high, low) if swapped else (low, high))), "auto", None)
    assert all(np.array_equal(labels, low) for labels in found)


def test_particles_in_these_rows_are_refused_unless_the_rows_are_named(tmp_path):
    low, high = rectangles((2, 2, 5, 5), shape=(20, 30)), rectangles((2, 2, 5, 5), (22, 2, 4, 28), shape=(26, 30))
    pair = pair_of(tmp_path, low, high)
    with pytest.raises(ImageError, match=r"p\.tif: has 30 x 20 pixels, but .*t\.tif has 30 x 26.* add --rows 20\."):
        read_pair(*pair, "labels", None)
    assert all(np.array_equal(labels, low) for labels in read_pair(*pair, "labels", 20))
    assert {labels.shape for labels in read_pair(*pair, "labels", 12)} == {(12, 30)}


def test_another_width_is_another_field_of_view(tmp_path):
    pair = pair_of(tmp_path, rectangles((2, 2, 5, 5), shape=(20, 30)), rectangles((2, 2, 5, 5), shape=(20, 31)))
    for rows in (None, 10):
        with pytest.raises(ImageError, match="Both must show the same part of the image") as found:
            read_pair(*pair, "auto", rows)
        assert "--rows" not in found.value.advice


def test_an_info_bar_joins_no_particles(tmp_path):
    mask = rectangles((5, 2, 15, 5), (5, 20, 15, 5), (20, 0, 6, 30), shape=(26, 30)) > 0
    pair = tuple(written(tmp_path / name, 255 * mask.astype(np.uint8)) for name in ("p.png", "t.png"))
    assert [int(labels.max()) for labels in read_pair(*pair, "masks", None)] == [1, 1]
    assert [int(labels.max()) for labels in read_pair(*pair, "masks", 20)] == [2, 2]
