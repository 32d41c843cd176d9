"""Grey pictures of scans, and masks whose pictures are gone."""

import sys

import imageio.v3 as imageio
import numpy as np
import pytest

from autoseg.cli import main
from tests.images.scan_files import nanonis
from tests.stm.surfaces import rows


def test_scans_become_grey_pictures_as_networks_see_them(tmp_path, capsys):
    heights = 1e-10 * rows(12.0, 30.0, np.random.default_rng(0), shape=(150, 160)).heights
    nanonis(tmp_path / "a.sxm", {"Z": ("m", heights + 1e-12 * np.arange(160), heights[:, ::-1])})
    (tmp_path / "b.sxm").write_bytes(b"nothing")
    assert main(["grey", str(tmp_path / "a.sxm"), str(tmp_path / "b.sxm"), "--output", str(tmp_path / "out")]) == 1
    picture = imageio.imread(tmp_path / "out" / "a.png")
    assert picture.dtype == np.uint8 and picture.shape == pytest.approx((225, 240), rel=0.01)
    assert abs(picture[:, :60].mean() - picture[:, -60:].mean()) < 20 < picture.std()
    told = capsys.readouterr()
    assert "b.sxm" in told.err and not (tmp_path / "out" / "b.png").exists()


@pytest.fixture
def data(tmp_path):
    for kind, ending in {"images": "", "masks": "_mask_sig", "masks_row": "_mask_row"}.items():
        (tmp_path / kind).mkdir()
        for name in ("a", "b"):
            imageio.imwrite(tmp_path / kind / f"{name}{ending}.png", np.zeros((4, 4), np.uint8))
    (tmp_path / "images" / "b.png").unlink()
    return tmp_path


def masks(data):
    return sorted(path.name for kind in ("masks", "masks_row") for path in (data / kind).iterdir())


@pytest.mark.parametrize(("answer", "left"), [("n", 4), ("", 4), ("y", 2)])
def test_masks_without_a_picture_are_deleted_only_if_you_say_so(data, answer, left, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: answer)
    assert main(["tidy", str(data)]) == 0
    assert len(masks(data)) == left and "b_mask_row.png" in capsys.readouterr().out
    assert (data / "deleted_masks.txt").exists() == (left == 2)


def test_nobody_to_ask_is_no_yes(data, capsys):
    assert main(["tidy", str(data)]) == 2 and "--yes" in capsys.readouterr().err
    assert len(masks(data)) == 4
    (data / "deleted_masks.txt").write_text("an earlier one\n")
    assert main(["tidy", str(data), "--yes"]) == 0 and masks(data) == ["a_mask_row.png", "a_mask_sig.png"]
    assert len((data / "deleted_masks.txt").read_text().splitlines()) == 3
    assert main(["tidy", str(data)]) == 0 and "Every mask" in capsys.readouterr().out
