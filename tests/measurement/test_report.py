"""A report as its readers meet it: the files, the tables and the page of a mixed batch with hostile names."""

import base64
import csv
import dataclasses
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

import autoseg
from autoseg.errors import ImageError
from autoseg.evaluation import evaluate
from autoseg.measurement.batch import Batch
from autoseg.measurement.image_result import Recording
from autoseg.measurement.method import describe_method, number, references
from autoseg.measurement.report import summary_lines
from autoseg.measurement.sizes import SizeOptions, describe_sizes
from autoseg.measurement.summary import group_by_unit
from autoseg.segmentation.instances.finding import InstanceOptions
from autoseg.segmentation.provenance import Architecture, Provenance, TrainedModel
from tests.measurement.reports import FAST, PER_IMAGE, names_in, page_of, segmentation


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Two calibrated images, one without a pixel size, an empty one, and two failures."""
    folder = tmp_path_factory.mktemp("mixed")
    paths = [folder / name for name in ("<script>alert(1)<script>.tif", "=cmd.tif", "日 本/ü.tif", "empty.tif")]
    items = []
    for seed, (path, pixel_size, particles) in enumerate(
        zip(paths, (2.0, 5.0, None, 2.0), (12, 14, 13, 0), strict=True)
    ):
        found = segmentation(path, pixel_size, particles, seed)
        path.parent.mkdir(exist_ok=True)
        tifffile.imwrite(path, found.micrograph.pixels)
        items.append(found)
    items.insert(1, ImageError("is no <b>image</b>", file="broken & bad.tif", advice="Export it again."))
    provenance = Provenance(
        model=TrainedModel(name="<i>mine</i>", architecture=Architecture(name="unet"), weights_sha256="ab" * 32),
        engine="torch",
        segmentation=InstanceOptions(method="distance", threshold=0.5, minimum_size=30),
        seconds={"load": 1.5},
        evaluation={"images": "two"},
    )
    labels = items[0].labels
    return autoseg.report(
        iter(items),
        folder / "out",
        FAST.changed(title="Batch <A>", geojson=True, coco=True, excel=True, seed=3),
        failures=[ImageError("there is no such file", file="gone.tif")],
        provenance=provenance,
        scores=evaluate(np.roll(labels, 1, axis=1), labels, pixel_size=2.0),
    )


def test_all_files_are_there(mixed):
    stems = ["_script_alert(1)_script_", "_cmd", "ü", "empty"]
    whole = ["report.html", "particles.csv", "summary.csv", "failures.csv", "run.json", "particles.xlsx", "coco.json"]
    expected = [stem + ending for stem in stems for ending in (*PER_IMAGE, ".geojson")]
    assert names_in(mixed.folder) == sorted([*whole, *expected])
    assert sorted(path.name for path in mixed.files.values()) == sorted(whole)


def test_the_page_is_valid_safe_and_alone(mixed):
    page = page_of(mixed)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "i", "object", "base"}
    assert [values["content"] for tag, values in page.tags if values.get("http-equiv") == "Content-Security-Policy"]
    for _, values in page.tags:
        assert not [name for name in values if name.startswith("on")]
        assert values.get("src", "data:").startswith("data:")
        assert re.fullmatch(r"[^:/]+_overlay\.png", values.get("href", "a_overlay.png"))
    assert "http" not in re.sub(r"data:[^\"]*", "", page.content).replace("http-equiv", "")
    assert "<script>alert(1)<script>.tif" in page.text
    assert "Batch <A>" in page.text
    assert "url(" not in page.content
    assert len(page.content) < 1_000_000


def test_pictures_are_embedded(mixed):
    pictures = [values for tag, values in page_of(mixed).tags if tag == "img"]
    kinds = [values["src"].split(";")[0] for values in pictures]
    assert kinds == ["data:image/svg+xml"] * 8 + ["data:image/jpeg"] * 4
    for values in pictures:
        assert values["alt"]
        assert base64.b64decode(values["src"].split(",")[1], validate=True)[:3] in (b"<?x", b"\xff\xd8\xff")


def test_lengths_in_nm_and_in_pixels_are_never_mixed(mixed):
    table = mixed.particles
    in_nm = table["equivalent_diameter_area_nm"].notna()
    assert (in_nm == table["equivalent_diameter_area_px"].isna()).all()
    assert table.loc[~in_nm, "image"].unique().tolist() == ["ü.tif"]
    assert set(mixed.statistics) == {"nm", "px"}
    edge = table["touches_edge"]
    assert mixed.statistics["nm"].count == (in_nm & ~edge).sum()
    assert mixed.statistics["px"].count == (~in_nm & ~edge).sum()
    batch = mixed.summary[mixed.summary["scope"] == "batch"]
    assert batch["unit"].tolist() == ["nm", "px"]
    assert batch["number_d50_nm"].isna().tolist() == [False, True]
    assert {"sizes-nm", "sizes-px"} <= {values.get("id") for _, values in page_of(mixed).tags}


def test_numbers_on_the_page_are_those_of_the_tables(mixed):
    page = page_of(mixed)
    written = pd.read_csv(mixed.files["summary"])
    numbers = mixed.summary.columns.drop(["scope", "image", "unit", "pixel_size_source"])
    pd.testing.assert_frame_equal(written[numbers], mixed.summary[numbers], check_dtype=False)
    rows = {row[0]: row for row in page.tables["images"][1:]}
    images = written[written["scope"] == "image"]
    assert len(rows) == len(images) == 4
    for row in images.to_dict("records"):
        shown = rows[row["image"].removeprefix("'")]
        unit = row["unit"]
        assert shown[1:4] == [str(row["particles"]), str(row["at_edge"]), str(row["counted"])]
        assert [shown[5], shown[6], shown[8]] == [
            number(row[f"number_{name}_{unit}"]) for name in ("d10", "d50", "d90")
        ]
    for unit, statistics in mixed.statistics.items():
        d50 = next(row for rows in page.tables.values() for row in rows if row[0] == "D50 (median)" and row[5] == unit)
        estimate = statistics.number.d50
        assert d50[1:3] == [number(estimate.value), f"{number(estimate.low)} to {number(estimate.high)}"]
        assert d50[3] == number(statistics.volume.d50.value)
    particles = sum(image.particles for image in mixed.images)
    assert ["Particles found", str(particles)] in page.tables["overview"]
    assert len(pd.read_csv(mixed.files["particles"])) == particles == len(mixed.particles)


def test_failures_are_told_everywhere(mixed):
    expected = [["gone.tif", "there is no such file"], ["broken & bad.tif", "is no <b>image</b>. Export it again."]]
    with mixed.files["failures"].open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [["file", "reason"], *expected]
    assert mixed.failures.values.tolist() == page_of(mixed).tables["failures"][1:] == expected
    assert json.loads(mixed.files["run"].read_text("utf-8"))["failures"][0]["file"] == "gone.tif"
    assert mixed.warnings[0].startswith("2 files could not be analysed")


def test_warnings(mixed):
    text = "\n".join(mixed.warnings)
    assert "The pixel size of some images is unknown: ü.tif." in text
    assert "The pixel sizes differ, from 2 to 5 nm" in text
    assert "No particle was found in 1 image: empty.tif." in text
    assert re.search(r"Sizes in px: \d+ particles are too few", text)
    assert all(warning in page_of(mixed).text for warning in mixed.warnings)


@pytest.fixture(scope="module")
def doubted(tmp_path_factory):
    """An image with particles, one whose particles were not believed, and one without any."""
    found = [segmentation(Path(name), particles=many) for name, many in (("a.tif", 12), ("noise.tif", 9), ("b.tif", 0))]
    items = [dataclasses.replace(one, plausibility=value) for one, value in zip(found, (0.8, 0.12, None), strict=True)]
    items[1] = items[1].disbelieved("it is noise")
    return autoseg.report(items, tmp_path_factory.mktemp("doubted"), FAST)


def test_what_is_not_believed_is_in_no_result_but_told_everywhere(doubted):
    assert set(pd.read_csv(doubted.files["particles"])["image"]) == {"a.tif"}
    said = "Nothing plausible was found in 1 image: noise.tif. The network predicted 9 regions there"
    assert doubted.warnings[0].startswith(said) and "--plausibility 0" in doubted.warnings[0]
    assert any(line.startswith(f"Warning: {said}") for line in summary_lines(doubted))
    assert "No particle was found in 1 image: b.tif." in doubted.warnings
    page = page_of(doubted)
    assert doubted.warnings[0] in page.text
    assert ["Images with nothing plausible", "1 (9 regions left out)"] in page.tables["overview"]
    assert "9 regions were predicted, but not taken for particles: it is noise." in page.text
    assert "In 1 micrograph nothing plausible was found (9 regions left out)." in page.text
    summary = pd.read_csv(doubted.files["summary"]).set_index("scope")
    assert summary["implausible"].tolist() == [9, 0, 9, 0] and summary.loc["batch", "particles"] == 12
    np.testing.assert_array_equal(summary["plausibility"], [np.nan, 0.8, 0.12, np.nan])
    inputs = json.loads(doubted.files["run"].read_text("utf-8"))["inputs"]
    assert [(entry["plausibility"], entry["implausible"]) for entry in inputs] == [(0.8, 0), (0.12, 9), (None, 0)]


def test_nothing_is_said_of_plausibility_where_all_is_believed(mixed):
    assert "nothing plausible" not in (page_of(mixed).text + " ".join(mixed.warnings)).lower()


def test_run_json_tells_where_everything_comes_from(mixed):
    run = json.loads(mixed.files["run"].read_text("utf-8"))
    assert [entry["image"] for entry in run["inputs"]] == [
        "<script>alert(1)<script>.tif",
        "=cmd.tif",
        "ü.tif",
        "empty.tif",
    ]
    for entry in run["inputs"]:
        assert entry["sha256"] == hashlib.sha256(Path(entry["path"]).read_bytes()).hexdigest()
        assert (mixed.folder / entry["results"]["labels"]).is_file()
    assert run["versions"]["autoseg"] == autoseg.__version__
    assert run["versions"]["numpy"] == np.__version__
    assert re.fullmatch(r"[\d.]+", run["versions"]["keras"])
    assert run["settings"]["model"]["weights_sha256"] == "ab" * 32
    assert run["settings"]["seconds"] == {"load": 1.5}
    assert (run["seed"], run["report"]["sizes"]["resamples"]) == (3, 100)
    assert run["scores"]["particles"]["true"] == 12
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]", run["date"])


def test_the_method_says_what_was_done(mixed):
    method = re.search(r'<blockquote id="method">(.*?)</blockquote>', page_of(mixed).content, re.DOTALL)[1]
    for expected in (
        "In 4 micrographs (96 x 72 pixels, 2 to 5 nm per pixel, pixel size unknown for 1)",
        "They were predicted by the trained model &#34;&lt;i&gt;mine&lt;/i&gt;&#34; "
        "(U-Net; SHA-256 of the weights abababab…), run by PyTorch.",
        "Pixels with a foreground probability above 0.5 were assigned to particles.",
        "a watershed transform that starts from the maxima of the distance to the background",
        "Particles of fewer than 30 pixels were discarded.",
        "particles that touched the edge of the field of view were left out; each of the others was weighted",
        "95 % bootstrap intervals (percentile method, 100 resamples of the images, where there are several, "
        "and, within each image drawn, of its particles; seed 3)",
        number(mixed.statistics["nm"].number.d50.value),
    ):
        assert expected in method


def test_the_method_claims_nothing_that_was_not_done():
    options = SizeOptions(edge="keep", resamples=100)
    batch = Batch(Recording(Path("nowhere"), [], FAST.overlay, options, 0))
    batch.take([segmentation(pixel_size=None)])
    method = describe_method(group_by_unit(batch), options, 0, Provenance())
    assert "Miles" not in method + " ".join(references(options))
    assert "pixel size unknown" in method
    assert not re.search("nm|model|run by|watershed|fewer|read from|For each image", method)


@pytest.mark.parametrize(
    ("images", "sentence", "caption", "known"),
    [
        (1, "resamples of the particles; seed 0", "bootstrap of the particles.", "particles in one image"),
        (
            3,
            "of the images and, within each image drawn, of its",
            "bootstrap of the images, and of",
            "choice of images",
        ),
    ],
)
def test_readers_are_told_what_was_drawn_anew(tmp_path, images, sentence, caption, known):
    found = autoseg.report([segmentation(Path(f"{n}.tif"), seed=n) for n in range(images)], tmp_path, FAST)
    page = page_of(found)
    assert found.statistics["nm"].images == images
    for expected in (sentence, caption, known):
        assert expected in page.text
    assert ("Davison" in page.text) == (images > 1)
    assert any("only 3 images" in warning for warning in found.warnings) == (images == 3)


def test_the_lines_for_the_terminal(mixed):
    lines = summary_lines(mixed)
    assert lines[0] == f"4 images, {sum(image.particles for image in mixed.images)} particles, 2 files failed"
    d50 = mixed.statistics["nm"].number.d50
    assert re.match(r"N = \d+ +D10 \(nm\) +D50 \(nm\) +D90 \(nm\)$", lines[1])
    assert f"{number(d50.value)} [{number(d50.low)}, {number(d50.high)}]" in lines[2]
    assert lines[-1] == f"Report: {mixed.files['page']}"
    assert f"Failures: {mixed.files['failures']}" in lines


def test_coco_and_geojson_hold_the_measured_particles(mixed):
    coco = json.loads(mixed.files["coco"].read_text("utf-8"))
    assert [image["file_name"] for image in coco["images"]][:2] == ["<script>alert(1)<script>.tif", "=cmd.tif"]
    assert len(coco["annotations"]) == len(mixed.particles)
    features = json.loads((mixed.folder / "_cmd.geojson").read_text("utf-8"))["features"]
    rows = mixed.particles[mixed.particles["image"] == "=cmd.tif"]
    assert [feature["properties"]["area_nm2"] for feature in features] == rows["area_nm2"].tolist()


def test_spreadsheets_take_no_name_for_a_formula(mixed):
    assert "\n'=cmd.tif,1," in mixed.files["particles"].read_text("utf-8")
    assert "=cmd.tif" in page_of(mixed).text


def test_the_seed_decides_the_intervals(mixed):
    in_nm = mixed.particles[mixed.particles["equivalent_diameter_area_nm"].notna()].dropna(axis="columns")
    again, other = (describe_sizes(in_nm, np.random.default_rng(seed), resamples=100).number.d50 for seed in (3, 4))
    assert mixed.statistics["nm"].number.d50 == again
    assert again.value == other.value
    assert again != other
