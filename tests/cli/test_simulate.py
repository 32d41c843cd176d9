import imageio.v3 as imageio
import numpy as np
import pytest

import autoseg
from autoseg.cli import main
from autoseg.images.labels import read_labels


@pytest.fixture
def outlines(tmp_path):
    folder = tmp_path / "outlines"
    folder.mkdir()
    for name, (height, width) in {"a.png": (20, 14), "b.tif": (12, 12)}.items():
        image = np.zeros((32, 32), np.uint8)
        image[5 : 5 + height, 6 : 6 + width] = 255
        imageio.imwrite(folder / name, image)
    return folder


def test_simulate_writes_masks_and_labels_that_agree(outlines, tmp_path, capsys):
    few = ["--outlines", str(outlines), "--size", "64", "96", "--particles", "20", "30"]
    assert main(["simulate", "sem", *few, "--count", "3", "--output", str(tmp_path / "a")]) == 0
    names = [f"{number:05}_{kind}.tif" for number in range(3) for kind in ("labels", "mask")]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == names
    mask, labels = (
        autoseg.read(tmp_path / "a" / "00001_mask.tif").pixels,
        read_labels(tmp_path / "a" / "00001_labels.tif"),
    )
    assert mask.shape == labels.shape == (64, 96) and set(np.unique(mask)) == {0, 255} and labels.max() > 5
    assert (labels[mask > 0] > 0).all()
    assert main(["simulate", "sem", *few, "--count", "2", "--output", str(tmp_path / "b")]) == 0
    same = [read_labels(tmp_path / folder / "00001_labels.tif") for folder in "ab"]
    np.testing.assert_array_equal(*same)


def test_options_of_a_file_count_where_the_command_line_says_nothing(outlines, tmp_path):
    options = tmp_path / "options.toml"
    options.write_text(f"size = [48, 40]\nparticles = [5, 8]\ncount = 2\noutlines = '{outlines}'\n")
    for more, shape in ([], (48, 40)), (["--size", "32", "56"], (32, 56)):
        output = tmp_path / f"out{shape[0]}"
        assert main(["simulate", "sem", *more, "--output", str(output), "--options", str(options)]) == 0
        masks = sorted(output.glob("*_mask.tif"))
        assert [autoseg.read(path).pixels.shape for path in masks] == [shape] * 2


def test_wings_are_named(capsys):
    assert main(["simulate", "sen", "--output", "x"]) == 2
    assert 'Unknown command "sen". Did you mean "sem"?' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--max-overlap", "1.5"], 2, '"max_overlap" must be less than or equal to 1'),
        (["--particles", "9", "3"], 2, '"particles" must be the lowest and the highest value, in this order'),
        (["--size", "8", "8"], 2, "do not fit into masks of 8 x 8 pixels. Ask for smaller particles"),
        (["--outlines", "nowhere"], 1, "nowhere: is not a folder"),
    ],
)
def test_simulate_refuses_what_cannot_be(outlines, tmp_path, capsys, arguments, code, expected):
    given = [] if "--outlines" in arguments else ["--outlines", str(outlines)]
    assert main(["simulate", "sem", *given, *arguments, "--output", str(tmp_path / "out")]) == code
    assert expected in capsys.readouterr().err and not (tmp_path / "out").exists()
