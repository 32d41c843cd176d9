"""Batches as they come: streamed, interrupted, broken, with colliding and strange names, or empty."""

import re
import weakref
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

import autoseg
from autoseg.errors import AutosegError, ImageError, OptionsError
from autoseg.images.labels import read_labels
from autoseg.images.micrograph import Micrograph
from autoseg.images.segmentation import Segmentation, numbered
from autoseg.measurement.report import summary_lines
from autoseg.measurement.shape import measure
from autoseg.measurement.sizes import SizeOptions
from autoseg.segmentation.provenance import Architecture, Provenance, TrainedModel
from tests.images.imagej import filled_rois
from tests.measurement.reports import FAST, PER_IMAGE, names_in, page_of, segmentation


def test_each_images_files_are_written_as_it_comes_and_nothing_of_it_is_kept(tmp_path):
    born = []

    def pipeline():
        for seed in range(3):
            found = segmentation(Path(f"{seed}.tif"), particles=1)
            born.append(weakref.ref(found))
            yield found
            del found
            assert len(list(tmp_path.glob("*.tif"))) == 2 * (seed + 1)
            assert not any(reference() for reference in born)

    found = autoseg.report(pipeline(), tmp_path, FAST)
    assert [image.name for image in found.images] == ["0", "1", "2"]


def test_what_is_written_is_what_was_found(tmp_path):
    given = segmentation(Path("a.tif"))
    (image,) = autoseg.report([given], tmp_path, FAST).images
    assert np.array_equal(read_labels(image.files["labels"]), given.labels)
    assert np.array_equal(filled_rois(image.files["rois"], given.labels.shape), given.labels)
    table = pd.read_csv(tmp_path / "particles.csv")
    assert table.columns[:2].tolist() == ["image", "label"]
    pd.testing.assert_frame_equal(table, measure(given), check_dtype=False)


def test_an_interrupt_leaves_whole_files_only(tmp_path):
    def pipeline():
        yield segmentation(Path("a.tif"))
        raise KeyboardInterrupt

    (tmp_path / "report.html").write_text("of an earlier run")
    with pytest.raises(KeyboardInterrupt):
        autoseg.report(pipeline(), tmp_path, FAST)
    assert names_in(tmp_path) == sorted("a" + ending for ending in PER_IMAGE)


def test_a_failure_while_writing_an_image_is_one_too(tmp_path):
    source = tmp_path / "a_labels.tif"
    tifffile.imwrite(source, np.zeros((4, 4), np.uint8))
    items = [segmentation(source, particles=1), segmentation(Path("a.tif"), particles=1)]
    found = autoseg.report(iter([segmentation(Path("b.tif"), particles=1), items[0]]), tmp_path / "out", FAST)
    assert len(found.failures) == 0
    with pytest.raises(AutosegError, match="would be overwritten"):
        autoseg.report(items, tmp_path, FAST)
    assert names_in(tmp_path) == ["a_labels.tif", "out"]
    odd = segmentation(Path("odd.tif"))
    odd.probability[0, 0] = np.nan
    found = autoseg.report([odd, segmentation(Path("b.tif"), particles=1)], tmp_path / "out", FAST)
    assert found.failures.values.tolist() == [
        ["odd.tif", "a probability map is an image of finite numbers, not (72, 96)"]
    ]
    assert [image.name for image in found.images] == ["b"]


def test_an_uncertainty_map_is_written_on_request_and_fails_where_no_network_was(tmp_path):
    given = [segmentation(Path("a.tif"), particles=1), segmentation(Path("b.tif"), particles=1)]
    given[0].probability[3, 4] = 0.5
    given[1] = Segmentation(given[1].labels, None, given[1].micrograph)
    found = autoseg.report(given, tmp_path, FAST.changed(uncertainty=True))
    assert [image.files["uncertainty"].name for image in found.images] == ["a_uncertainty.tif"]
    written = autoseg.read(tmp_path / "a_uncertainty.tif").pixels
    assert written.dtype == np.float32 and written[3, 4] == written.sum() == 1
    assert found.failures["file"].tolist() == ["b.tif"]
    assert 'no probability to write as "uncertainty"' in found.failures["reason"][0]


def test_nothing_in_place_of_a_segmentation_does_not_end_the_batch_in_silence(tmp_path):
    with pytest.raises(AutosegError, match="not of NoneType"):
        autoseg.report([segmentation(particles=1), None], tmp_path, FAST)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("failures", [[], [ImageError("is broken", file="a.tif")]])
def test_no_image_at_all(tmp_path, failures):
    found = autoseg.report([], tmp_path, failures=failures)
    assert len(found.particles) == len(found.summary) == len(found.statistics) == 0
    assert {"image", "label", "equivalent_diameter_area_px"} <= set(pd.read_csv(found.files["particles"]))
    assert "scope" in pd.read_csv(found.files["summary"])
    assert found.warnings[0].startswith("There is no result: ")
    assert found.warnings[0] in page_of(found).text
    assert ["Images analysed", "0"] in page_of(found).tables["overview"]
    assert ("failures" in found.files) == bool(failures)
    assert "nan" not in page_of(found).text.lower()
    assert summary_lines(found)[0] == "0 images, 0 particles" + (", 1 file failed" if failures else "")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("particles", [0, 2])
def test_no_particle_or_one_that_counts(tmp_path, particles):
    found = autoseg.report([segmentation(Path("a.tif"), particles=particles)], tmp_path, FAST)
    assert found.statistics["nm"].count == max(0, particles - 1)
    page = page_of(found)
    assert len([tag for tag, _ in page.tags if tag == "img"]) == 1  # the overlay; one particle has no histogram
    assert ("There is no particle to compute statistics from." in page.text) == (particles == 0)
    assert ("No particle was found in 1 image: a.tif." in page.text) == (particles == 0)
    assert len(pd.read_csv(found.files["particles"])) == particles


def test_a_later_report_leaves_nothing_of_an_earlier_one(tmp_path):
    autoseg.report([], tmp_path, FAST.changed(coco=True), failures=[ImageError("is broken", file="a.tif")])
    assert {"failures.csv", "coco.json"} <= set(names_in(tmp_path))
    autoseg.report([], tmp_path, FAST)
    assert not {"failures.csv", "coco.json"} & set(names_in(tmp_path))


def test_names_do_not_collide(tmp_path):
    paths = [Path(name) for name in ("x/a.tif", "y/a.tif", "a.png", "b.tif", "b.tif")]
    items = [segmentation(path, particles=1, page=page, pages=2) for page, path in enumerate(paths, start=1)]
    streamed = autoseg.report(iter(items), tmp_path / "streamed", FAST)
    assert [image.name for image in streamed.images] == ["a", "a-tif", "a-png", "b", "b-tif"]
    known = autoseg.report(iter(items[::-1]), tmp_path / "known", FAST, inputs=paths)
    assert [image.name for image in known.images] == ["b-tif", "b-tif-2", "a-png", "a-tif-2", "a-tif"]
    for found in (streamed, known):
        names = set(found.particles["image"])
        assert names == {"x/a.tif", "y/a.tif", "a.png", "b.tif, page 4", "b.tif, page 5"}
        assert len({path for image in found.images for path in image.files.values()}) == 5 * len(PER_IMAGE)


def unused():
    pytest.fail("the work began")
    yield


@pytest.mark.parametrize(
    ("options", "parameters", "message"),
    [
        (FAST, {"width": object()}, "cannot be written into run.json"),
        (FAST.changed(sizes=SizeOptions(column="diameter")), {}, 'no size called "diameter"'),
    ],
)
def test_what_cannot_work_is_refused_before_the_work(tmp_path, options, parameters, message):
    architecture = Architecture(name="mine", parameters=parameters)
    provenance = Provenance(model=TrainedModel(name="mine", architecture=architecture))
    with pytest.raises(OptionsError, match=message):
        autoseg.report(unused(), tmp_path / "out", options, provenance=provenance)
    assert names_in(tmp_path) == []


def test_what_is_no_segmentation_and_a_folder_that_is_none_are_refused(tmp_path):
    with pytest.raises(AutosegError, match="made of segmentations, not of ndarray"):
        autoseg.report([np.zeros((3, 3))], tmp_path)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(AutosegError, match=r"file: cannot be read or written \(File exists\)"):
        autoseg.report(unused(), file)


def test_a_unit_in_the_size_holds_for_every_image(tmp_path):
    options = FAST.changed(sizes=SizeOptions(column="feret_diameter_max_nm", resamples=100))
    found = autoseg.report([segmentation(particles=2), segmentation(None, None, 2)], tmp_path, options)
    assert [statistics.column for statistics in found.statistics.values()] == [
        "feret_diameter_max_nm",
        "feret_diameter_max_px",
    ]
    assert "maximum Feret diameter" in page_of(found).text


def test_names_that_are_no_text_are_written(tmp_path):
    given = segmentation(Path("a\udcff\u202eb.tif"), particles=1, notes=("a\udcff",))
    found = autoseg.report([given], tmp_path, FAST.changed(geojson=True, coco=True))
    assert found.particles["image"][0] == "a\ufffd\u202eb.tif"
    page = page_of(found).content
    assert "\u202e" in page
    assert not re.search("(?<!<bdi>)a\ufffd\u202eb.tif</", page)  # a mark that turns text around ends with the name


def test_edges_small_particles_and_a_giant_are_warned_of(tmp_path):
    labels = np.zeros((100, 100), int)
    labels[30:80, 30:80] = 1
    corners = [(row, column) for row in (0, 10, 20) for column in range(1, 97, 4)]
    for number, (row, column) in enumerate(corners, start=2):
        labels[row : row + 8, column : column + 3] = number
    micrograph = Micrograph(labels.astype(np.uint8), 1.0, path=Path("a.tif"))
    found = autoseg.report([Segmentation(numbered(labels), None, micrograph)], tmp_path, FAST)
    text = "\n".join(found.warnings)
    assert "24 of 73 particles touch the edge" in text
    assert "72 of 73 particles are smaller than 10 pixels" in text
    assert re.search(r"A single particle of 56.42 nm makes up 9\d % of the volume", text)
    assert names_in(tmp_path).count("a_probability.tif") == 0


def test_only_the_files_that_are_asked_for_are_written(tmp_path):
    options = FAST.changed(save="labels, rois")
    assert options.save == ("labels", "rois") and FAST.changed(save=["none"]).save == ()
    found = autoseg.report([segmentation(Path("a.tif"))], tmp_path, options.changed(geojson=True))
    assert set(found.images[0].files) == {"labels", "rois", "geojson"}
    assert not (tmp_path / "a_overlay.png").exists() and "a_overlay" not in page_of(found).content
    with pytest.raises(OptionsError, match=r'must be of labels, .* or none, not "?.?rios'):
        FAST.changed(save="labels,rios")
    with pytest.raises(OptionsError, match=r"COCO .* labels"):
        autoseg.report([segmentation(Path("a.tif"))], tmp_path, options.changed(save="none", coco=True))
