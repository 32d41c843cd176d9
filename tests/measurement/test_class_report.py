"""A report on class maps: numbers that are known beforehand, and what its readers meet."""

import json
import re
import weakref
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image

import autoseg
from autoseg.cli.results import tell
from autoseg.errors import AutosegError, ImageError, OptionsError
from autoseg.evaluation import evaluate
from autoseg.heads import ClassLabel, Head
from autoseg.images.class_files import read_classes
from autoseg.images.class_map import ClassMap
from autoseg.images.class_overlay import draw_class_overlay
from autoseg.images.micrograph import Micrograph
from autoseg.measurement.class_report import ClassReport
from autoseg.measurement.class_summary import estimate_shares
from autoseg.measurement.report import result_paths, summary_lines
from autoseg.measurement.sizes import SizeOptions
from autoseg.segmentation.provenance import Architecture, Provenance, TrainedModel
from tests.measurement.reports import FAST, names_in, page_of, segmentation

LEGEND = tuple(ClassLabel(name=name) for name in ("background", "grain", "pore"))
PER_IMAGE = ("_classes.tif", "_probability.tif", "_overlay.png")


PROVENANCE = Provenance(model=TrainedModel(name="grains", head=Head(kind="classes", classes=LEGEND)))


def rectangles(path=None, pixel_size=2.0, shift=0, legend=LEGEND, unknown=0):
    """Grains of 10 x 20 and 5 x 8 pixels that share a corner, one of 6 x 6, and a pore of 12 x 10 in 50 x 100."""
    classes = np.zeros((50, 100), np.uint8)
    classes[10:20, 10 + shift : 30 + shift] = classes[20:25, 30 + shift : 38 + shift] = classes[40:46, 5:11] = 1
    classes[30:42, 60:70] = 2
    classes[:1, :unknown] = 255
    probability = np.stack([np.where(classes == number, 0.8, 0.1) for number in range(3)], axis=-1).astype(np.float32)
    pixels = (60 + 40 * classes.astype(int)).clip(0, 255).astype(np.uint8)
    source = "given" if pixel_size else "no calibration found"
    return ClassMap(classes, probability, legend, Micrograph(pixels, pixel_size, source, path=path))


def report_on(items, folder, **known):
    found = autoseg.report(items, folder, known.pop("options", FAST), **known)
    assert isinstance(found, ClassReport)
    return found


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """Two images of known pixel size and one without, one file that fails, and hostile names."""
    folder = tmp_path_factory.mktemp("classes")
    legend = (*LEGEND[:1], ClassLabel(name="<script>grain</script>", colour="#aabbcc"), ClassLabel(name="=pore & more"))
    names = ("<i>a.tif", "b.tif", "=c.tif")
    items = [
        rectangles(folder / name, size, shift, legend)
        for name, size, shift in zip(names, (2.0, 4.0, None), (0, 5, 9), strict=True)
    ]
    for item in items:
        tifffile.imwrite(item.micrograph.path, item.image)
    items.insert(1, ImageError("is <b>broken</b>", file="bad & ugly.tif", advice="Export it again."))
    model = TrainedModel(name="<u>mine</u>", architecture=Architecture(name="unet"), weights_sha256="ab" * 32)
    return report_on(iter(items), folder / "out", provenance=Provenance(model=model, engine="torch"))


def test_shares_areas_densities_and_objects_of_rectangles(tmp_path):
    found = report_on([rectangles(Path("a.tif"))], tmp_path)
    table = pd.read_csv(found.files["classes"])
    assert table.columns.tolist() == [
        "image", "class", "number", "pixels", "share", "area_nm2", "objects", "objects_per_um2",
    ]  # fmt: skip
    grain, pore = 200 + 40 + 36, 120
    assert table["class"].tolist() == ["background", "grain", "pore"]
    assert table["pixels"].tolist() == [5000 - grain - pore, grain, pore]
    assert table["share"].tolist() == pytest.approx([0.9208, 0.0552, 0.024])
    assert table["area_nm2"].tolist() == [4 * pixels for pixels in table["pixels"]]
    assert table["objects"].tolist()[1:] == [2, 1] and np.isnan(table["objects"][0])  # a shared corner connects
    assert table["objects_per_um2"].tolist()[1:] == pytest.approx([2 / 0.02, 1 / 0.02])  # 100 nm x 200 nm
    assert found.classes["objects"].dtype == "Int64"


def test_objects_are_measured_as_particles_are(tmp_path):
    table = pd.read_csv(report_on([rectangles(Path("a.tif"))], tmp_path).files["objects"])
    assert table.columns[:4].tolist() == ["image", "class", "label", "area_nm2"]
    assert table[["class", "label", "area_nm2"]].values.tolist() == [
        ["grain", 1, 960.0],
        ["grain", 2, 144.0],
        ["pore", 1, 480.0],
    ]
    assert table["feret_diameter_min_nm"].tolist()[1:] == pytest.approx([12, 20])
    assert "circularity" in table and set(table["image"]) == {"a.tif"}


def test_the_summary_has_a_row_for_each_class_of_all_images(batch):
    table = pd.read_csv(batch.files["summary"])
    assert table["class"].tolist() == ["background", "<script>grain</script>", "'=pore & more"]
    assert table["images"].tolist() == [3] * 3
    assert table["pixels"].tolist()[1:] == [3 * 276, 360]
    assert table["share"].tolist()[1:] == pytest.approx([0.0552, 0.024])
    # All images are alike, so that it does not matter which are drawn.
    assert table["share_low"].tolist() == pytest.approx(table["share"].tolist())
    assert table["share_high"].tolist() == pytest.approx(table["share"].tolist())
    assert table["area_nm2"].tolist()[1:] == [276 * (4 + 16), 120 * (4 + 16)]
    assert table["objects"].tolist()[1:] == [6, 3]
    assert table["objects_per_um2"].tolist()[1:] == pytest.approx([4 / 0.1, 2 / 0.1])  # 0.02 and 0.08 um^2
    diameter = np.sqrt(4 / np.pi * 120)
    assert table["number_d50_nm"][2] == pytest.approx(3 * diameter) and table["number_d50_px"][2] == pytest.approx(
        diameter
    )
    assert table["counted_nm"].tolist()[1:] == [4, 2]


def test_lengths_in_nm_and_in_pixels_are_never_mixed(batch):
    objects, classes = batch.objects, batch.classes
    in_nm = objects["area_nm2"].notna()
    assert (in_nm == objects["area_px2"].isna()).all()
    assert objects.loc[~in_nm, "image"].unique().tolist() == ["=c.tif"]
    assert (classes["area_nm2"].isna() == (classes["image"] == "=c.tif")).all()
    assert classes.loc[classes["image"] == "=c.tif", "area_px2"].tolist() == [4604, 276, 120]
    assert {name: list(units) for name, units in batch.statistics.items()} == {
        "<script>grain</script>": ["nm", "px"],
        "=pore & more": ["nm", "px"],
    }


def test_shares_differ_by_the_images_that_are_drawn():
    pixels, totals = np.array([[90.0, 10.0], [100.0, 200.0]]), np.array([100.0, 300.0])
    options = SizeOptions(resamples=2000)
    found = estimate_shares(pixels, totals, np.random.default_rng(0), options)[1]
    assert found.value == pytest.approx(210 / 400)
    assert (found.low, found.high) == pytest.approx((0.1, 2 / 3))  # one of the images twice, each with a chance of 1/4
    narrow = estimate_shares(pixels, totals, np.random.default_rng(0), options.changed(confidence=0.3))[1]
    assert narrow.low == narrow.high == pytest.approx(210 / 400)


def test_one_image_has_no_interval(tmp_path):
    found = report_on([rectangles(Path("a.tif"))], tmp_path)
    assert found.summary["share_low"].isna().all()
    assert "One image cannot tell how much images differ: shares have no intervals." in found.warnings


def test_files_open_again(batch):
    stems = ["_i_a", "b", "_c"]
    whole = ["report.html", "classes.csv", "objects.csv", "summary.csv", "failures.csv", "run.json"]
    assert names_in(batch.folder) == sorted([*whole, *(stem + ending for stem in stems for ending in PER_IMAGE)])
    given = rectangles(shift=5, pixel_size=4.0, legend=LEGEND)
    files = batch.images[1].files
    classes, legend = read_classes(files["classes"])
    assert np.array_equal(classes, given.classes) and legend[1].name == "<script>grain</script>"
    assert np.array_equal(tifffile.imread(files["probability"]), np.moveaxis(given.probability, -1, 0))
    assert autoseg.read(files["probability"], page=2).pixel_size == 4.0
    assert Image.open(files["overlay"]).size == (100, 50)


def test_an_overlay_is_drawn_as_the_options_say(tmp_path):
    options = FAST.changed(class_overlay={"opacity": 1, "legend": False}, uncertainty=True)
    (image,) = report_on([rectangles(Path("a.tif"))], tmp_path, options=options).images
    expected = draw_class_overlay(rectangles(), options.class_overlay)
    assert np.array_equal(np.asarray(Image.open(image.files["overlay"])), expected)
    bits = -(0.8 * np.log2(0.8) + 2 * 0.1 * np.log2(0.1))
    np.testing.assert_allclose(autoseg.read(image.files["uncertainty"]).pixels, bits, rtol=1e-5)


def test_the_page_shows_every_class_and_image_and_escapes_their_names(batch):
    page = page_of(batch)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "i", "u", "object", "base"}
    assert "url(" not in page.content and "Class report" in page.text
    names = ["background", "<script>grain</script>", "=pore & more"]
    rows = page.tables["classes"]
    assert [row[0] for row in rows[1:]] == names
    assert [row[1:3] for row in rows[2:]] == [["828", "5.520 %"], ["360", "2.400 %"]]
    assert [row[4:] for row in rows[2:]] == [["5520 nm²", "6", "40.00"], ["2400 nm²", "3", "20.00"]]
    images = page.tables["images"][2:]
    assert [row[0] for row in images] == ["<i>a.tif", "b.tif", "=c.tif"]
    assert images[0][1:] == ["92.08 %", "5.520 %", "2.400 %", "2", "1", "2"]
    patches = {values["style"] for _, values in page.tags if values.get("class") == "patch"}
    assert patches == {"background: #000000", "background: #aabbcc", "background: #e69f00"}
    pictures = [values["src"].split(";")[0] for tag, values in page.tags if tag == "img"]
    assert pictures.count("data:image/jpeg") == 3 and "data:image/svg+xml" in pictures
    assert all(warning in page.text for warning in batch.warnings)


def test_the_method_is_told_in_sentences(batch):
    method = re.search(r'<blockquote id="method">(.*?)</blockquote>', page_of(batch).content, re.DOTALL)[1]
    for expected in (
        "In 3 micrographs (100 x 50 pixels, 2 to 4 nm per pixel, pixel size unknown for 1)",
        "one of the classes &#34;background&#34;, &#34;&lt;script&gt;grain&lt;/script&gt;&#34; and",
        "&lt;u&gt;mine&lt;/u&gt;&#34; (U-Net; SHA-256 of the weights abababab…), run by PyTorch, decided between",
        "95 % bootstrap intervals (percentile method, 100 resamples of the images; seed 0)",
        "(8-connectivity)",
        "100 resamples of the images and, within each image drawn, of its objects; seed 0)",
        "Miles and Lantuéjoul",
        "covers 5.520 % (5.520 to 5.520 %) of the field of view, in 6 objects (40.00 per µm²)",
    ):
        assert expected in method


def test_a_failing_file_is_told_everywhere_and_the_rest_goes_on(batch):
    expected = [["bad & ugly.tif", "is <b>broken</b>. Export it again."]]
    assert batch.failures.values.tolist() == page_of(batch).tables["failures"][1:] == expected
    assert pd.read_csv(batch.files["failures"]).values.tolist() == expected
    assert batch.warnings[0].startswith("1 file could not be analysed")
    assert len(batch.images) == 3


def test_run_json_tells_what_was_found_and_how(batch):
    run = json.loads(batch.files["run"].read_text("utf-8"))
    assert run["inputs"][0]["classes"] == {
        "background": {"pixels": 4604, "objects": None},
        "<script>grain</script>": {"pixels": 276, "objects": 2},
        "=pore & more": {"pixels": 120, "objects": 1},
    }
    assert len(run["inputs"][0]["sha256"]) == 64
    assert run["report"]["title"] == "Class report" and "class_overlay" in run["report"]
    assert not {"overlay", "keep", "coco"} & set(run["report"])
    assert run["settings"]["model"]["name"] == "<u>mine</u>" and run["warnings"] == list(batch.warnings)


def test_the_lines_for_the_terminal_and_json(batch, capsys):
    lines = summary_lines(batch)
    assert lines[0] == "3 images, 9 objects, 1 file failed"
    assert re.split(r"  +", lines[1]) == ["class", "share", "objects", "per µm²", "D50 (nm)", "D50 (px)"]
    cells = re.split(r"  +", lines[4])
    assert cells[:4] == ["=pore & more", "2.400 % (2.400 to 2.400 %)", "3", "20.00"] and cells[5] == "12.36"
    assert lines[-1] == f"Report: {batch.files['page']}"
    assert tell(batch, as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["images"][1]["classes"]["=pore & more"] == {"pixels": 120, "objects": 1}
    assert found["classes"][0]["objects"] is None and found["classes"][1]["objects"] == 6
    assert found["statistics"]["=pore & more"]["px"]["count"] == 1
    assert found["failures"][0]["file"] == "bad & ugly.tif"
    assert tell(batch, as_json=False) == 1
    assert capsys.readouterr().out.splitlines() == lines


def test_class_maps_are_asked_for_one_after_the_other_and_let_go(tmp_path):
    born = []

    def pipeline():
        yield ImageError("is broken", file="first.tif")
        for number in range(3):
            found = rectangles(Path(f"{number}.tif"))
            born.append(weakref.ref(found))
            yield found
            del found
            assert len(list(tmp_path.glob("*_classes.tif"))) == number + 1
            assert not any(reference() for reference in born)

    assert [image.name for image in report_on(pipeline(), tmp_path).images] == ["0", "1", "2"]


@pytest.mark.parametrize("first", ["classes", "particles"])
def test_a_batch_of_both_kinds_is_refused(tmp_path, first):
    items = [rectangles(Path("a.tif")), segmentation(Path("b.tif"), particles=1)]
    items = items if first == "classes" else items[::-1]
    with pytest.raises(AutosegError, match="of segmentations or of class maps, and this batch holds both"):
        autoseg.report(items, tmp_path / "known", FAST)
    assert not (tmp_path / "known").exists()
    with pytest.raises(AutosegError, match="this batch holds both"):
        autoseg.report(iter([ImageError("is broken", file="c.tif"), *items]), tmp_path / "streamed", FAST)
    with pytest.raises(AutosegError, match="made of class maps, not of NoneType"):
        autoseg.report([rectangles(), None], tmp_path / "other", FAST)


def test_an_image_with_other_classes_fails_alone(tmp_path):
    other = rectangles(Path("b.tif"), legend=(*LEGEND[:2], ClassLabel(name="crack")))
    found = report_on([rectangles(Path("a.tif")), other, rectangles(Path("c.tif"))], tmp_path)
    assert [image.name for image in found.images] == ["a", "c"]
    assert found.failures["file"].tolist() == ["b.tif"]
    assert "background, grain, crack, and images before it had background, grain, pore" in found.failures["reason"][0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": ("circularity > 0.5",)}, '"keep" is for particles'),
        ({"coco": True}, '"coco" is for particles'),
        ({"overlay": {"scale_bar": False}}, '"overlay" is for particles'),
    ],
)
def test_what_is_for_particles_is_refused_before_anything_is_removed_or_waited_for(tmp_path, options, message):
    with pytest.raises(OptionsError, match=message):
        report_on([rectangles(Path("a.tif"))], tmp_path, options=FAST.changed(**options))
    assert names_in(tmp_path) == []
    autoseg.report([segmentation(Path("p.tif"), particles=1)], tmp_path, FAST)
    earlier = names_in(tmp_path)
    with pytest.raises(OptionsError, match=message):
        report_on(
            iter(lambda: pytest.fail("was waited for"), None),
            tmp_path,
            options=FAST.changed(**options),
            provenance=PROVENANCE,
        )
    assert names_in(tmp_path) == earlier


@pytest.mark.parametrize("broken", ["unreadable", "not to be written"])
def test_where_every_image_failed_the_report_is_one_on_classes_and_says_so(tmp_path, broken):
    item = ImageError("is damaged", file="a.tif")
    if broken == "not to be written":
        item = rectangles(Path("a.tif"))
        item.probability[0, 0] = np.nan
    found = report_on([item], tmp_path, provenance=PROVENANCE)
    assert found.failures["file"].tolist() == ["a.tif"] and not found.images and len(found.classes) == 0
    assert "Class report" in page_of(found).text


def test_scores_of_particles_are_refused(tmp_path):
    labels = np.eye(5, dtype=int)
    with pytest.raises(AutosegError, match="scores of particles"):
        report_on([rectangles(Path("a.tif"))], tmp_path, scores=evaluate(labels, labels))


@pytest.mark.filterwarnings("error")
def test_unknown_pixels_and_classes_without_pixels(tmp_path):
    whole = rectangles(Path("a.tif"), unknown=50)
    nothing = ClassMap(np.zeros((50, 100), np.uint8), None, LEGEND, Micrograph(whole.image, 2.0, path=Path("b.tif")))
    found = report_on([whole, nothing], tmp_path / "both")
    assert found.classes["share"][:3].sum() == pytest.approx(0.99)
    assert "0.5 % of the pixels belong to no known class; shares are of all pixels, these included." in found.warnings
    assert "50 pixels were assigned to no class." in page_of(found).text
    found = report_on([nothing], tmp_path / "empty")
    assert 'No pixel of any image belongs to "grain" or "pore".' in found.warnings
    assert len(found.objects) == 0 and {"image", "class", "label", "area_nm2"} <= set(found.objects)
    assert page_of(found).text.count("There is no object to compute statistics from.") == 2
    assert "probability" not in found.images[0].files


def test_the_title_is_that_of_the_options_and_excel_is_written(tmp_path):
    pytest.importorskip("openpyxl")
    found = report_on([rectangles(Path("a.tif"))], tmp_path, options=FAST.changed(title="Alloy <7>", excel=True))
    assert "Alloy <7>" in page_of(found).text
    assert len(pd.read_excel(tmp_path / "objects.xlsx")) == 3


def test_inputs_are_never_overwritten_and_earlier_reports_leave_nothing(tmp_path):
    source = tmp_path / "a_classes.tif"
    tifffile.imwrite(source, rectangles().classes)
    with pytest.raises(AutosegError, match="would be overwritten"):
        report_on([rectangles(source), rectangles(Path("a.tif"))], tmp_path)
    with pytest.raises(AutosegError, match="would be overwritten"):
        report_on(iter([]), tmp_path, inputs=[source, Path("a.tif")])
    assert tmp_path / "a_classes.tif" in result_paths(tmp_path, [Path("a.tif")])
    autoseg.report([segmentation(Path("p.tif"), particles=1)], tmp_path / "out", FAST)
    report_on([rectangles(Path("a.tif"))], tmp_path / "out")
    assert not (tmp_path / "out" / "particles.csv").exists()
    autoseg.report([segmentation(Path("p.tif"), particles=1)], tmp_path / "out", FAST)
    assert not {"classes.csv", "objects.csv"} & set(names_in(tmp_path / "out"))
