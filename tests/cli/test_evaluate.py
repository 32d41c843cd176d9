import json

import imageio.v3 as imageio
import numpy as np
import pandas as pd
import pytest

from autoseg.cli import main
from autoseg.images.labels import write_labels


def truth():
    """Four squares: two far from all others, and two that touch."""
    labels = np.zeros((40, 60), np.uint16)
    labels[2:12, 2:12], labels[2:12, 30:40] = 1, 2
    labels[20:30, 5:15], labels[20:30, 15:25] = 3, 4
    return labels


def one_missed():
    labels = truth()
    labels[labels == 2] = 0
    return labels


@pytest.fixture
def folders(tmp_path):
    """Two images: all is right in the first; in the second, one of four particles is missed."""
    for name, predicted in {"größe 1": truth(), "b": one_missed()}.items():
        write_labels(tmp_path / "predicted" / f"{name}_labels.tif", predicted, pixel_size=2.5)
        write_labels(tmp_path / "true" / f"{name}.tif", truth())
    (tmp_path / "predicted" / "b_overlay.png").write_bytes(b"no labels, and not read")
    return tmp_path


def evaluated(folder, *options):
    return main(["evaluate", str(folder / "predicted"), str(folder / "true"), *map(str, options)])


def test_folders_are_matched_and_scored_one_to_one(folders, capsys):
    assert evaluated(folders) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:7] == ["image", "true", "found", "precision", "recall", "F1", "AP"]
    assert lines[1].split()[:6] == ["b", "4", "3", "1.000", "0.750", "0.857"]
    assert lines[2].split("  ")[0] == "größe 1" and lines[3].startswith("all 2 ")
    assert evaluated(folders, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["all"]["particles"]["recall"] == 7 / 8 and found["failures"] == {}
    assert found["images"]["b"]["sizes_nm"]["d50"]["true"] == pytest.approx(2.5 * np.sqrt(400 / np.pi))


def test_the_size_distribution_is_told_in_nm_where_the_pixel_size_is_known(folders, capsys):
    assert evaluated(folders) == 0
    _, sizes = capsys.readouterr().out.split("\n\n")
    header, *rows, note = sizes.splitlines()
    assert header.split("  ")[0] == "diameter (nm)" and [row.split()[0] for row in rows] == [
        "D10",
        "D25",
        "D50",
        "D75",
        "D90",
    ]
    assert rows[2].split("  ", 1)[1].split() == ["28.21", "[28.21,", "28.21]"] * 2 + ["+0.0", "[+0.0,", "+0.0]"]
    assert note.endswith("images drawn anew; too narrow, as there are only 2 images.")
    for path in (folders / "predicted").glob("*.tif"):
        write_labels(path, truth())
    assert main(["evaluate", str(folders / "predicted" / "b_labels.tif"), str(folders / "true" / "b.tif")]) == 0
    _, sizes = capsys.readouterr().out.split("\n\n")
    assert sizes.startswith("diameter (px)") and sizes.endswith("particles drawn anew.\n") and "11.28 [11.28" in sizes


def test_scores_and_pictures_are_written(folders, capsys):
    grey = np.random.default_rng(0).integers(0, 255, (48, 60)).astype(np.uint8)  # with eight rows of info bar
    for name in ("größe 1", "b"):
        imageio.imwrite(folders / f"{name}.png", grey)
    write_labels(folders / "b_labels.tif", truth())  # a result among the images is not taken for one
    assert evaluated(folders, "--output", folders / "scores", "--images", folders) == 0
    assert str(folders / "scores") in capsys.readouterr().out
    names = ["b_errors.png", "größe 1_errors.png", "scores.csv", "scores.json"]
    assert sorted(path.name for path in (folders / "scores").iterdir()) == names
    table = pd.read_csv(folders / "scores" / "scores.csv").set_index("image")
    assert table.loc["b", "particles.recall"] == 0.75 and table.loc["größe 1", "published.image_iou"] == 1
    assert json.loads((folders / "scores" / "scores.json").read_text())["all"]["images"] == 2
    picture = imageio.imread(folders / "scores" / "b_errors.png")
    assert picture.shape == (40, 60, 3) and len(np.unique(picture[35:])) > 10  # the micrograph is seen below


def test_two_files_need_not_have_the_same_name(folders, capsys):
    first, second = folders / "predicted" / "b_labels.tif", folders / "true" / "größe 1.tif"
    assert main(["evaluate", str(first), str(second)]) == 0
    scores, _ = capsys.readouterr().out.split("\n\n")
    assert scores.count("\n") == 1  # no line for all, as there is one


def test_masks_are_labelled_and_options_reach_the_scores(tmp_path, capsys):
    for name, labels in {"p.png": one_missed(), "t.png": truth()}.items():
        imageio.imwrite(tmp_path / name, np.repeat(255 * (labels > 0).astype(np.uint8)[..., None], 3, axis=2))
    given = ["evaluate", str(tmp_path / "p.png"), str(tmp_path / "t.png"), "--json"]
    assert main(given) == 0
    assert json.loads(capsys.readouterr().out)["all"]["particles"]["true"] == 3  # those that touch are one
    assert main([*given, "--minimum-size", "150"]) == 0
    assert json.loads(capsys.readouterr().out)["all"]["particles"]["true"] == 1
    assert main([*given, "--kind", "labels"]) == 0
    assert json.loads(capsys.readouterr().out)["all"]["particles"]["true"] == 1


def test_files_without_a_partner_are_named(folders, capsys):
    write_labels(folders / "true" / "lonely.tif", truth())
    assert evaluated(folders) == 1
    captured = capsys.readouterr()
    assert f"no partner for {folders / 'true' / 'lonely.tif'}" in captured.err and not captured.out
    assert evaluated(folders, "--only-common") == 0 and "all 2" in capsys.readouterr().out


def test_one_bad_file_is_told_and_the_rest_is_scored(folders, capsys):
    (folders / "true" / "b.tif").write_bytes(b"II*\0")
    assert evaluated(folders, "--output", folders / "scores") == 1
    captured = capsys.readouterr()
    assert "b.tif: " in captured.err and "größe 1" in captured.out
    written = json.loads((folders / "scores" / "scores.json").read_text())
    assert list(written["failures"]) == ["b"] and list(written["images"]) == ["größe 1"]


def test_an_empty_info_bar_below_the_truth_does_no_harm_a_full_one_is_refused(tmp_path, capsys):
    tall = np.vstack([truth(), np.zeros((10, 60), np.uint16)])
    write_labels(tmp_path / "p.tif", truth())
    write_labels(tmp_path / "t.tif", tall)
    given = ["evaluate", str(tmp_path / "p.tif"), str(tmp_path / "t.tif")]
    assert main(given) == 0
    tall[45, 3] = 9
    write_labels(tmp_path / "t.tif", tall)
    assert main(given) == 1
    message = capsys.readouterr().err
    assert "p.tif: has 60 x 40 pixels, but" in message and "add --rows 40" in message
    assert main([*given, "--rows", "40"]) == 0


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        (lambda folder: (folder / "true" / "b.png").touch(), "has the same name as"),
        (lambda folder: (folder / "predicted" / "x_labels.jpg").touch(), "no partner for"),
        (lambda folder: [path.unlink() for path in (folder / "true").iterdir()], "holds no images"),
    ],
)
def test_what_cannot_be_matched_is_explained(folders, capsys, prepare, expected):
    prepare(folders)
    assert evaluated(folders) == 1
    assert expected in capsys.readouterr().err


def test_jpegs_and_false_masks_are_refused(tmp_path, capsys):
    imageio.imwrite(tmp_path / "a.jpg", np.zeros((8, 8), np.uint8))
    assert main(["evaluate", *[str(tmp_path / "a.jpg")] * 2]) == 1
    assert "a.jpg: is a JPEG, which blurs labels" in capsys.readouterr().err
    write_labels(tmp_path / "t.tif", truth())
    assert main(["evaluate", *[str(tmp_path / "t.tif")] * 2, "--kind", "masks"]) == 1
    assert "has 4 values beside 0, so it is no mask" in capsys.readouterr().err


def test_an_input_is_not_overwritten(tmp_path, capsys):
    write_labels(tmp_path / "a.tif", truth())
    imageio.imwrite(tmp_path / "a_errors.png", truth().astype(np.uint8))
    given = ["evaluate", str(tmp_path / "a.tif"), str(tmp_path / "a_errors.png"), "--output", str(tmp_path)]
    before = (tmp_path / "a_errors.png").read_bytes()
    assert main(given) == 1
    assert "is an input" in capsys.readouterr().err and (tmp_path / "a_errors.png").read_bytes() == before
