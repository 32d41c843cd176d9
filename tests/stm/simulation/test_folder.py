import imageio.v3 as imageio
import numpy as np
import pytest

import autoseg
from autoseg.cli import main
from autoseg.images.class_files import read_classes
from autoseg.images.labels import read_labels

KINDS = {"images": "", "masks": "_mask_sig", "masks_row": "_mask_row", "masks_instance": "_mask_instance"}


def test_folders_and_names_are_the_published_ones(tmp_path, capsys):
    small = ["--size", "64", "--rules", "published", "--output", str(tmp_path)]
    assert main(["simulate", "stm", "--count", "18", *small]) == 0
    assert "18 topographies" in capsys.readouterr().out
    for kind, ending in KINDS.items():
        folders = sorted((tmp_path / kind).iterdir())
        assert len(folders) == 16 and folders[-1].name == "stm_dx_1_zones_1_amp_1_wa_1"
        first = tmp_path / kind / "stm_dx_1_zones_0_amp_0_wa_0"
        assert [path.name for path in sorted(first.iterdir())] == [f"stm_{i:06}{ending}.png" for i in (1, 17)]
    rows = imageio.imread(tmp_path / "masks_row" / "stm_dx_0_zones_0_amp_0_wa_0" / "stm_000000_mask_row.png")
    assert rows.dtype == np.uint8 and set(np.unique(rows)) == {0, 1}


def test_pictures_do_not_depend_on_how_many_there_are(tmp_path):
    for count, folder in ((3, "a"), (5, "b")):
        assert main(["simulate", "stm", "--size", "64", "--count", str(count), "--output", str(tmp_path / folder)]) == 0
    for path in (tmp_path / "a").rglob("*.png"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_tiff_files_know_their_pixels_and_classes(tmp_path):
    some = ["--effects", "tilt", "zones", "--size", "256", "--material", "Ge", "--defects", "400", "400"]
    assert main(["simulate", "stm", "--format", "tiff", *some, "--count", "1", "--output", str(tmp_path)]) == 0
    variant, name = "stm_dx_0_zones_1_amp_0_wa_0_tilt_1_osc_0", "stm_000000"
    files = {kind: tmp_path / kind / variant / f"{name}{ending}.tif" for kind, ending in KINDS.items()}
    assert autoseg.read(files["images"]).pixel_size == pytest.approx(0.8 / 18)
    found = read_classes(files["masks"])
    assert [one.name for one in found.legend] == ["background", "1-dimer", "2-dimer", "double-dimer"]
    assert ((read_labels(files["masks_instance"]) > 0) == (found.classes > 0)).all() and found.classes.any()
    assert set(np.unique(read_labels(files["masks_row"]))) == {0, 1}
