"""Scans of heights become defects: with networks that have learned nothing, what is about them can be tested."""

import numpy as np
import pandas as pd
import pytest
import tifffile

from autoseg import networks
from autoseg.cli import main
from autoseg.errors import OptionsError
from autoseg.heads import Head
from autoseg.images.class_files import read_classes
from autoseg.images.class_overlay import ClassOverlayOptions
from autoseg.images.overlay import to_grey
from autoseg.measurement.thumbnails import draw_small_classes
from autoseg.models.folder import save_model
from autoseg.stm.classes import DEFECTS, SINGLE, TWO, surface_head
from autoseg.stm.defects import find_defects
from autoseg.stm.recovery import measure_recovery, plant
from autoseg.stm.repeatability import compare
from autoseg.stm.segmenter import SurfaceOptions, SurfaceSegmenter
from autoseg.stm.simulation.options import SurfaceOptions as TopographyOptions
from autoseg.stm.simulation.signatures import draw_signature
from autoseg.stm.simulation.topography import draw_topography
from tests.images.scan_files import nanonis, simple_field
from tests.marks import predicts_once

pytestmark = predicts_once


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "untrained"
    network = networks.build("unet", filters=(4, 4), outputs=surface_head().network_outputs, seed=1)
    save_model(folder, network, head=surface_head(), card="# Untrained")
    return folder


def surface(seed=0, size=300, **options):
    options = {"effects": (), "steps": (1, 1), "defects": (0, 0), "angle": (20, 20)} | options
    return draw_topography(TopographyOptions(size=size, **options), np.random.default_rng(seed))


def test_a_scan_is_shown_to_the_network_at_18_px_per_row(model, tmp_path):
    half = surface().image.reshape(150, 2, 150, 2).mean(axis=(1, 3))
    about = {"XReal": 15e-9, "YReal": 15e-9, "XYUnits": "m", "ZUnits": "m"}
    path = simple_field(tmp_path / "a.gsf", half / 1e12, **about)
    segmenter = SurfaceSegmenter(model, surfaces=SurfaceOptions(lattice={"fewest_rows": 6}))
    micrograph = segmenter.read(path)
    assert micrograph.unit == "nm" and segmenter.choose(micrograph).magnification == pytest.approx(2, rel=0.01)
    found = segmenter(path)
    assert found.classes.shape == half.shape and found.lattice.spacing == pytest.approx(9, rel=0.01)
    notes = " ".join(found.micrograph.notes)
    assert "made level" in notes and "By the lattice of Si(100) a pixel has 0.085" in notes
    assert found.view.dimers == pytest.approx(half.size / 40.5, rel=0.03)
    np.testing.assert_allclose(found.recorded, half * 1e-3, rtol=1e-5)
    before, _, after = np.split(draw_small_classes(found, ClassOverlayOptions(legend=False)), [150, 158], axis=1)
    assert after.shape == before.shape and (before == to_grey(found.recorded)[..., None]).all()


def test_a_picture_without_rows_says_so(model):
    noise = np.random.default_rng(0).normal(size=(128, 128))
    found = SurfaceSegmenter(model)(noise)
    assert (
        found.lattice is None and "No 2x1 rows were found" in found.micrograph.notes[-1] and found.view.dimers is None
    )


def test_the_command_writes_counts_and_panels(model, tmp_path, capsys):
    folder = tmp_path / "scans"
    folder.mkdir()
    tifffile.imwrite(folder / "a.tif", surface().image)
    rules = tmp_path / "rules.toml"
    rules.write_text('[rules]\ngate = "on_rows"\n[lattice]\nmaterial = "Ge"\n[defects]\nsmallest = 100000\n')
    asked = ["segment", str(folder), "--model", str(model), "--rules", str(rules), "--ensemble", str(model)]
    assert main([*asked, "--recovery", "3", "--pixel-size", "0.05", "--output", str(tmp_path / "out")]) == 0
    assert "Counts: " in capsys.readouterr().out
    counts, recovered = (pd.read_csv(tmp_path / "out" / f"{name}.csv") for name in ("counts", "recovery"))
    assert counts["class"].tolist() == ["1-dimer", "2-dimer", "double-dimer"]
    assert counts["nm_per_px_by_lattice"][0] == pytest.approx(0.8 / 18, rel=0.01)
    assert (counts["per_nm2"] <= counts["per_nm2_high"]).all() and recovered["planted"].tolist() == [1, 1, 1]
    classes = read_classes(tmp_path / "out" / "a_classes.tif").classes
    assert classes.shape == (300, 300) and (tmp_path / "out" / "a_tripanel.png").stat().st_size > 20_000


@pytest.mark.parametrize(
    ("rules", "problem"),
    [('[rules]\ncombine = "ensemble"', "needs a second model"), ("[rule]\n", 'did you mean "rules"')],
)
def test_rules_that_cannot_work_are_told_before_any_scan(model, tmp_path, capsys, rules, problem):
    (tmp_path / "rules.toml").write_text(rules)
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((64, 64), np.uint8))
    asked = ["segment", str(tmp_path / "a.tif"), "--model", str(model), "--rules", str(tmp_path / "rules.toml")]
    assert main([*asked, "--output", str(tmp_path / "out")]) == 2
    assert problem in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_other_models_know_no_surfaces(model, tmp_path, capsys):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((64, 64), np.uint8))
    asked = ["segment", str(tmp_path / "a.tif"), "--model", "particles", "--recovery", "3"]
    assert main([*asked, "--output", str(tmp_path / "out")]) == 2
    assert "knows no surfaces" in capsys.readouterr().err
    head = Head(kind="mask")
    save_model(
        tmp_path / "mask", networks.build("unet", filters=(4, 4), outputs=head.network_outputs), head=head, card="#"
    )
    with pytest.raises(OptionsError, match="does not tell the defects"):
        SurfaceSegmenter(model, ensemble=tmp_path / "mask")


def test_a_planted_vacancy_is_as_deep_as_the_rows_are_high():
    picture = surface().image.astype(np.float32)
    before, factors = picture.copy(), draw_signature(SINGLE, np.random.default_rng(0))
    mask = plant(picture, (150, 150), factors, angle=20 + 90, magnification=1.0)
    rows, columns = np.nonzero(mask)
    assert 60 < mask.sum() < 250 and abs(rows.mean() - 150) < 6 and abs(columns.mean() - 150) < 6
    assert (picture[mask] < before[mask] - 5).mean() > 0.7 and (picture != before).sum() < 1500
    half = before[::2, ::2].copy()
    assert 15 < plant(half, (75, 75), factors, angle=110, magnification=2.0).sum() < 65


class Oracle(SurfaceSegmenter):
    """Finds whatever differs from the scan as it was, and takes it for a single vacancy."""

    def finish(self, micrograph, levels, adaptation):
        found = super().finish(micrograph, levels, adaptation)
        differ = np.abs(micrograph.field.astype(float) - self.before) > 5
        classes = np.where(differ, SINGLE, 0).astype(np.uint8)
        return type(found)(classes, None, found.legend, found.micrograph, defects=found.defects, lattice=found.lattice)


def test_recovery_tells_what_a_network_finds(model):
    picture = surface().image
    known = SurfaceSegmenter(model, surfaces=SurfaceOptions(defects={"smallest": 10**6}))(picture)
    oracle = Oracle(model)
    oracle.before = picture.astype(float)
    recovery = measure_recovery(oracle, known, 12, np.random.default_rng(0))
    assert recovery.found[TWO] == 0 and recovery.found[SINGLE] >= 0.75 * recovery.planted[SINGLE] > 0
    rows = recovery.rows(dict.fromkeys(DEFECTS, 10))
    assert rows[0]["corrected_low"] < rows[0]["corrected_count"] < rows[0]["corrected_high"]
    assert rows[1]["efficiency"] == 0 and rows[1]["efficiency_low"] == 0 < rows[1]["efficiency_high"]


def test_both_directions_of_a_scan_are_compared(model, tmp_path):
    forward = surface().image.astype(float) / 1e12
    nanonis(tmp_path / "a.sxm", {"Z": ("m", forward, forward + 1e-13)}, width=12.8e-9, height=12.8e-9)
    tifffile.imwrite(tmp_path / "b.tif", surface().image)
    asked = ["segment", str(tmp_path / "a.sxm"), str(tmp_path / "b.tif"), "--model", str(model), "--both-directions"]
    assert main([*asked, "--output", str(tmp_path / "out"), "--quiet"]) == 0
    table = pd.read_csv(tmp_path / "out" / "repeatability.csv")
    assert set(table["image"]) == {"a.sxm"} and len(table) == 3
    assert (table["forward_only"] + table["backward_only"] == 0).all()


def test_defects_are_the_same_within_reach_and_counted_once():
    one, moved, far = (np.zeros((60, 60), np.uint8) for _ in range(3))
    one[10:20, 10:20], one[10:20, 30:40] = SINGLE, TWO
    moved[10:20, 13:23], far[40:50, 40:50] = SINGLE, SINGLE
    single, two, _ = compare(find_defects(one), find_defects(moved | far), reach=6)
    assert (single["both"], single["forward_only"], single["backward_only"]) == (1, 0, 1)
    assert (two["both"], two["forward_only"]) == (0, 1) and single["repeatability"] == 0.5
    assert "repeatability" not in compare(find_defects(far), find_defects(far), 6)[1]
