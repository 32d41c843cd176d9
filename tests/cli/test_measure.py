import json

import imageio.v3 as imageio
import numpy as np
import pandas as pd
import pytest
import tifffile

from autoseg.cli import main
from autoseg.images.annotations import write_coco
from autoseg.images.labels import read_labels, write_labels
from autoseg.images.rois import write_rois


def disc(radius=12, shape=(48, 64), centre=(20, 30)):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2


@pytest.fixture
def mask(tmp_path):
    path = tmp_path / "masks" / "a.png"
    path.parent.mkdir()
    imageio.imwrite(path, 255 * (disc() | disc(5, centre=(8, 8))).astype(np.uint8))
    return path


def measured(*arguments):
    return main(["measure", *map(str, arguments), "--sizes.resamples", "100"])


def particles(folder):
    return pd.read_csv(folder / "particles.csv")


def test_a_mask_becomes_a_table_a_report_and_files_for_other_programs(mask, tmp_path, capsys):
    out = tmp_path / "out"
    assert measured(mask, "--pixel-size", 2, "--output", out) == 0
    table = particles(out)
    assert table["area_nm2"].tolist() == [4.0 * disc(5, centre=(8, 8)).sum(), 4.0 * disc().sum()]
    names = {"a_labels.tif", "a_overlay.png", "a_rois.zip", "particles.csv", "summary.csv", "report.html", "run.json"}
    names.add("batch")  # what is known of each image, to go on
    assert {path.name for path in out.iterdir()} == names
    said = capsys.readouterr()
    assert "1 image, 2 particles" in said.out and str(out / "report.html") in said.out and not said.err
    run = json.loads((out / "run.json").read_text())
    assert "No micrograph was given" in run["inputs"][0]["notes"][0] and run["settings"]["labels"] == [str(mask)]


def test_without_a_pixel_size_lengths_are_in_pixels(mask, tmp_path):
    assert measured(mask.parent, "--output", tmp_path / "out") == 0
    assert particles(tmp_path / "out")["area_px2"].max() == disc().sum()


def test_labels_keep_their_numbers_of_pieces(tmp_path):
    labels = np.where(disc(), 7, 0) + np.where(disc(5, centre=(8, 8)), 7, 0) + np.where(disc(4, centre=(40, 55)), 9, 0)
    write_labels(tmp_path / "a_labels.tif", labels, pixel_size=1.5)
    assert measured(tmp_path / "a_labels.tif", "--output", tmp_path / "out") == 0
    assert particles(tmp_path / "out")["area_nm2"].tolist() == pytest.approx(
        [2.25 * (labels == number).sum() for number in (7, 9)]
    )


def test_with_images_grey_values_are_measured_and_the_info_bar_is_left_out(mask, tmp_path, capsys):
    image = np.full((60, 64), 50, np.uint16)
    image[:48][disc()] = 200
    image[50:] = 65535
    (tmp_path / "images").mkdir()
    tifffile.imwrite(tmp_path / "images" / "a.tif", image)
    write_labels(
        tmp_path / "images" / "a_labels.tif", disc().astype(int)
    )  # a result beside the image is not taken for an image
    options = ["--images", tmp_path / "images", "--pixel-size", 3, "--output", tmp_path / "out"]
    assert measured(mask, *options) == 0
    table = particles(tmp_path / "out")
    assert table["mean_intensity"].tolist() == [50, 200] and set(table["image"]) == {"a.tif"}
    assert read_labels(tmp_path / "out" / "a_labels.tif").shape == (48, 64)
    full = np.zeros((60, 64), np.uint8)
    full[:48] = imageio.imread(mask)
    imageio.imwrite(mask, full)  # as high as the image, with nothing on its bar
    assert measured(mask, *options, "--info-bar", 50) == 2  # other options than before
    assert measured(mask, *options, "--info-bar", 50, "--anew") == 0
    assert read_labels(tmp_path / "out" / "a_labels.tif").shape == (50, 64)


def test_a_bad_file_is_listed_and_the_rest_is_measured(mask, tmp_path, capsys):
    (mask.parent / "bad.tif").write_bytes(b"II*\0")
    out = tmp_path / "out"
    assert measured(mask.parent, "--output", out, "--json") == 1
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert [failure["file"] for failure in found["failures"]] == [str(mask.parent / "bad.tif")]
    assert found["images"][0]["particles"] == 2 and "bad.tif: " in said.err
    assert pd.read_csv(out / "failures.csv")["file"].tolist() == [str(mask.parent / "bad.tif")]


def test_another_size_than_that_of_the_image_is_listed(mask, tmp_path, capsys):
    (tmp_path / "images").mkdir()
    tifffile.imwrite(tmp_path / "images" / "a.tif", np.zeros((48, 65), np.uint8))
    assert measured(mask, "--images", tmp_path / "images", "--output", tmp_path / "out") == 1
    assert f"{mask}: has 64 x 48 pixels, but" in capsys.readouterr().err


def test_coco_and_rois_are_measured_with_their_micrographs(tmp_path, capsys):
    labels, (folder, coco) = np.where(disc(), 3, 0), (tmp_path / "images", tmp_path / "coco.json")
    folder.mkdir()
    for name in ("a", "b"):
        tifffile.imwrite(folder / f"{name}.tif", np.where(labels, 200, 50).astype(np.uint8))
    write_coco(coco, {"a.tif": labels, "b.tif": labels})
    assert measured(coco, "--images", folder, "--output", tmp_path / "out") == 0
    table = particles(tmp_path / "out")
    assert table["image"].tolist() == ["a.tif", "b.tif"] and set(table["mean_intensity"]) == {200}
    (tmp_path / "rois").mkdir()
    write_rois(tmp_path / "rois" / "b_rois.zip", labels)
    assert measured(tmp_path / "rois", "--images", folder, "--output", tmp_path / "out") == 0
    assert particles(tmp_path / "out")["area_px2"].tolist() == [disc().sum()]
    capsys.readouterr()
    for alone, problem in ((coco, "tells of 2 images"), (tmp_path / "rois", "does not say how large its image is")):
        assert measured(alone, "--output", tmp_path / "alone") == 1
        assert problem in capsys.readouterr().err


def test_labels_without_an_image_are_named_before_anything_is_written(mask, tmp_path, capsys):
    (tmp_path / "images").mkdir()
    tifffile.imwrite(tmp_path / "images" / "b.tif", np.zeros((48, 64), np.uint8))
    assert measured(mask, "--images", tmp_path / "images", "--output", tmp_path / "out") == 1
    assert f"holds no image for {mask}" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_inputs_are_never_overwritten(tmp_path, capsys):
    (tmp_path / "images").mkdir()
    tifffile.imwrite(tmp_path / "images" / "a.tif", np.zeros((48, 64), np.uint8))
    path = tmp_path / "labels" / "a_labels.tif"
    write_labels(path, np.where(disc(), 7, 0))
    before = path.read_bytes()
    assert measured(path, "--images", tmp_path / "images", "--output", path.parent) == 1
    assert "is an input, and would be overwritten" in capsys.readouterr().err and path.read_bytes() == before


def test_names_that_are_equal_do_not_collide(mask, tmp_path):
    write_labels(mask.with_suffix(".tif"), np.where(disc(), 1, 0))
    assert measured(mask.parent, "--output", tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("*_labels.tif")) == [
        "a-png_labels.tif",
        "a-tif_labels.tif",
    ]


def test_options_of_the_report_come_from_a_file_too(mask, tmp_path):
    (tmp_path / "o.toml").write_text('title = "Größen"\npixel_size = 4\n[sizes]\nedge = "keep"\nresamples = 100\n')
    assert main(["measure", str(mask), "--output", str(tmp_path / "out"), "--options", str(tmp_path / "o.toml")]) == 0
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["report"]["sizes"]["edge"] == "keep" and "Größen" in (tmp_path / "out" / "report.html").read_text()


def test_particles_are_kept_by_conditions_from_the_command_line_and_from_a_file(mask, tmp_path, capsys):
    conditions = ["area_nm2 >= 400", "circularity > 0.8"]
    out = tmp_path / "out"
    assert measured(mask, "--pixel-size", 2, "--keep", *conditions, "--output", out) == 0
    assert particles(out)["area_nm2"].tolist() == [4.0 * disc().sum()]
    assert "area_nm2 >= 400 and circularity > 0.8 left out 1 of 2 particles" in capsys.readouterr().out
    (tmp_path / "o.toml").write_text("keep = ['area_nm2 >= 400', 'circularity > 0.8']\npixel_size = 2\n")
    assert measured(mask, "--options", tmp_path / "o.toml", "--output", tmp_path / "again") == 0
    pd.testing.assert_frame_equal(particles(tmp_path / "again"), particles(out))


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["circularty > 1"], "such as circularity, not 'circularty > 1'"),
        (["label > 0", "again.png"], '"keep.1" must be a column, one of'),
        ([], "--keep"),
    ],
)
def test_what_is_no_condition_is_refused_before_anything_is_written(mask, tmp_path, capsys, conditions, expected):
    assert measured(mask, "--output", tmp_path / "out", "--keep", *conditions) == 2
    said = capsys.readouterr()
    assert expected in said.err and not said.out and not (tmp_path / "out").exists()


def test_an_empty_mask_has_an_explicit_result(tmp_path, capsys):
    imageio.imwrite(tmp_path / "a.png", np.zeros((16, 16), np.uint8))
    assert measured(tmp_path / "a.png", "--output", tmp_path / "out") == 0
    assert "0 particles" in capsys.readouterr().out and len(particles(tmp_path / "out")) == 0


def test_uncertainty_of_labels_is_refused_before_anything_is_written(mask, tmp_path, capsys):
    assert measured(mask, "--output", tmp_path / "out", "--uncertainty") == 2
    assert "Leave out --uncertainty" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_class_maps_are_no_particles(tmp_path, capsys):
    imageio.imwrite(tmp_path / "a_classes.png", disc().astype(np.uint8))
    assert measured(tmp_path / "a_classes.png", "--output", tmp_path / "out") == 1
    assert "a_classes.png: is a class map by its name" in capsys.readouterr().err
    assert measured(tmp_path / "a_classes.png", "--kind", "masks", "--output", tmp_path / "out") == 0
    assert measured(tmp_path / "a_classes.png", "--kind", "classes", "--output", tmp_path / "out") == 2
