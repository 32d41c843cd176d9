from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import autoseg
from autoseg.errors import AutosegError, ImageError
from autoseg.heads import ClassLabel
from autoseg.images.class_export import CLASS_ENDINGS, export_classes
from autoseg.images.class_files import read_classes
from autoseg.images.class_map import ClassMap
from autoseg.images.class_overlay import ClassOverlayOptions, draw_class_overlay
from autoseg.images.micrograph import Micrograph
from autoseg.images.uncertainty import class_entropy

LEGEND = tuple(ClassLabel(name=name) for name in ("background", "grain", "pore", "µ-crack"))
CLASSES = np.arange(20 * 30, dtype=np.uint8).reshape(20, 30) % 4
PIXELS = np.random.default_rng(1).integers(0, 4000, (24, 30), np.uint16)  # four rows of info bar
PROBABILITY = np.random.default_rng(0).dirichlet(np.ones(4), (20, 30)).astype(np.float32)


def class_map(path=None, probability=PROBABILITY):
    return ClassMap(CLASSES, probability, LEGEND, Micrograph(PIXELS, 2.5, info_bar=20, path=path))


def test_every_file_holds_the_result(tmp_path):
    found = class_map(Path("größe.tif"))
    paths = export_classes(found, tmp_path / "out", kinds=CLASS_ENDINGS)
    assert {kind: path.name for kind, path in paths.items()} == {
        "classes": "größe_classes.tif",
        "probability": "größe_probability.tif",
        "uncertainty": "größe_uncertainty.tif",
        "overlay": "größe_overlay.png",
    }
    assert sorted((tmp_path / "out").iterdir()) == sorted(paths.values())
    classes, legend = read_classes(paths["classes"])
    assert np.array_equal(classes, CLASSES) and [one.name for one in legend] == list(found.names)
    assert np.array_equal(autoseg.read(paths["uncertainty"]).pixels, class_entropy(PROBABILITY))
    assert {autoseg.read(paths[kind]).pixel_size for kind in ("classes", "probability", "uncertainty")} == {2.5}
    assert np.array_equal(np.asarray(Image.open(paths["overlay"])), draw_class_overlay(found))


def test_the_probability_has_a_page_for_each_class(tmp_path):
    path = export_classes(class_map(), tmp_path, kinds=["probability"])["probability"]
    with tifffile.TiffFile(path) as file:
        assert len(file.pages) == 4 and {page.dtype for page in file.pages} == {np.dtype(np.float32)}
        assert '"grain", "pore", "\\u00b5-crack"' in file.pages.first.description
        assert file.imagej_metadata["slices"] == 4
    for number in range(4):
        page = autoseg.read(path, page=number + 1)
        assert (page.pages, page.pixel_size) == (4, 2.5)
        assert np.array_equal(page.pixels, PROBABILITY[..., number])


def test_the_uncertainty_is_written_on_request_only(tmp_path):
    assert set(export_classes(class_map(), tmp_path)) == {"classes", "probability", "overlay"}


def test_class_maps_without_probability(tmp_path):
    without = class_map(probability=None)
    assert set(export_classes(without, tmp_path, name="b")) == {"classes", "overlay"}
    for kind in ("probability", "uncertainty"):
        with pytest.raises(AutosegError, match=f'no probability to write as "{kind}"'):
            export_classes(without, tmp_path / "none", kinds=["classes", kind])
    with pytest.raises(AutosegError, match=r'"labels".*Choose from classes, probability'):
        export_classes(without, tmp_path / "none", kinds=["labels"])
    assert not (tmp_path / "none").exists()


def test_overlay_options_are_used(tmp_path):
    options = ClassOverlayOptions(opacity=1)
    path = export_classes(class_map(), tmp_path, kinds=["overlay"], overlay=options)["overlay"]
    assert np.array_equal(np.asarray(Image.open(path)), draw_class_overlay(class_map(), options))


def test_the_micrograph_is_never_overwritten(tmp_path):
    source = tmp_path / "a_classes.tif"
    source.write_bytes(b"the only copy")
    with pytest.raises(AutosegError, match=r"a_classes\.tif: is an input"):
        export_classes(class_map(source), tmp_path, name="a")
    assert [path.name for path in tmp_path.iterdir()] == ["a_classes.tif"]
    assert source.read_bytes() == b"the only copy"


@pytest.mark.parametrize("bad", [np.nan, 1.5, -0.1])
def test_what_is_no_probability_has_no_entropy(bad):
    probability = PROBABILITY.copy()
    probability[3, 4, 2] = bad
    with pytest.raises(ImageError, match="a probability is from 0 to 1"):
        class_entropy(probability)
    with pytest.raises(ImageError, match="rows, columns and classes"):
        class_entropy(probability[..., 0])


def test_probabilities_that_are_no_numbers_are_not_written(tmp_path):
    probability = PROBABILITY.copy()
    probability[3, 4, 2] = np.nan
    with pytest.raises(AutosegError, match=r"a_probability\.tif: .*finite numbers"):
        export_classes(class_map(probability=probability), tmp_path, name="a", kinds=["probability"])
    assert list(tmp_path.iterdir()) == []
