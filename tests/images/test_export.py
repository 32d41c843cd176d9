import json
from pathlib import Path

import numpy as np
import pandas
import pytest
from PIL import Image

import autoseg
from autoseg.errors import AutosegError
from autoseg.images import export as module
from autoseg.images.export import ENDINGS, export
from autoseg.images.labels import read_labels
from autoseg.images.micrograph import Micrograph
from autoseg.images.overlay import OverlayOptions, draw_overlay
from autoseg.images.segmentation import Segmentation
from autoseg.images.uncertainty import entropy
from tests.images.imagej import filled_rois

LABELS = np.zeros((20, 30), np.uint16)
LABELS[2:8, 3:9], LABELS[10:18, 5:25] = 1, 2
PROBABILITY = np.random.default_rng(0).random((20, 30), np.float32)
PIXELS = np.random.default_rng(1).integers(0, 4000, (24, 30), np.uint16)  # four rows of info bar


def segmentation(path=None, labels=LABELS, probability=PROBABILITY, **known):
    return Segmentation(labels, probability, Micrograph(PIXELS, 2.5, info_bar=20, path=path, **known))


def test_every_file_holds_the_result(tmp_path):
    table = pandas.DataFrame({"label": [1, 2], "area_px": [36, 160]})
    paths = export(segmentation(Path("größe.tif")), tmp_path / "out", kinds=ENDINGS, table=table)
    assert {kind: path.name for kind, path in paths.items()} == {
        "labels": "größe_labels.tif",
        "probability": "größe_probability.tif",
        "uncertainty": "größe_uncertainty.tif",
        "overlay": "größe_overlay.png",
        "rois": "größe_rois.zip",
        "geojson": "größe.geojson",
    }
    assert sorted((tmp_path / "out").iterdir()) == sorted(paths.values())
    assert np.array_equal(read_labels(paths["labels"]), LABELS)
    assert np.array_equal(autoseg.read(paths["probability"]).pixels, PROBABILITY)
    assert np.array_equal(autoseg.read(paths["uncertainty"]).pixels, entropy(PROBABILITY))
    assert {autoseg.read(paths[kind]).pixel_size for kind in ("labels", "probability", "uncertainty")} == {2.5}
    assert np.array_equal(np.asarray(Image.open(paths["overlay"])), draw_overlay(PIXELS[:20], LABELS, 2.5))
    assert np.array_equal(filled_rois(paths["rois"], LABELS.shape), LABELS)
    features = json.loads(paths["geojson"].read_text())["features"]
    assert [feature["properties"]["area_px"] for feature in features] == [36, 160]


@pytest.mark.parametrize("kinds", [None, ENDINGS])
def test_no_particle(tmp_path, kinds):
    paths = export(segmentation(labels=LABELS * 0), tmp_path, kinds=kinds)
    assert all(path.is_file() for path in paths.values())
    assert not read_labels(paths["labels"]).any()


def test_of_several_channels_the_foreground_is_written(tmp_path):
    stack = segmentation(probability={"contact": PROBABILITY / 2, "foreground": PROBABILITY})
    paths = export(stack, tmp_path, kinds=["probability", "uncertainty"])
    assert np.array_equal(autoseg.read(paths["probability"]).pixels, PROBABILITY)
    assert np.array_equal(autoseg.read(paths["uncertainty"]).pixels, entropy(PROBABILITY))


def test_some_kinds_are_written_on_request_only(tmp_path):
    assert set(export(segmentation(), tmp_path)) == {"labels", "probability", "overlay", "rois"}


def test_a_segmentation_without_probability(tmp_path):
    without = segmentation(probability=None)
    assert set(export(without, tmp_path, name="b")) == {"labels", "overlay", "rois"}
    for kind in ("probability", "uncertainty"):
        with pytest.raises(AutosegError, match=f'no probability to write as "{kind}"'):
            export(without, tmp_path / "none", kinds=["labels", kind])
    assert not (tmp_path / "none").exists()


def test_an_unknown_kind_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(AutosegError, match=r'"masks".*Choose from labels, probability'):
        export(segmentation(), tmp_path, kinds=["labels", "masks"])
    assert list(tmp_path.iterdir()) == []


def test_overlay_options_are_used(tmp_path):
    options = OverlayOptions(fill=1)
    path = export(segmentation(), tmp_path, kinds=["overlay"], overlay=options)["overlay"]
    assert np.array_equal(np.asarray(Image.open(path)), draw_overlay(PIXELS[:20], LABELS, 2.5, options))


@pytest.mark.parametrize(("known", "position"), [({}, 0), ({"page": 3, "pages": 4}, 3)])
def test_rois_of_a_stack_know_their_slice(tmp_path, known, position, monkeypatch):
    positions = []
    monkeypatch.setattr(module, "write_rois", lambda path, labels, position: positions.append(position))
    export(segmentation(**known), tmp_path, kinds=["rois"])
    assert positions == [position]


def test_the_micrograph_is_never_overwritten(tmp_path):
    source = tmp_path / "a_labels.tif"
    source.write_bytes(b"the only copy")
    with pytest.raises(AutosegError, match=r"a_labels\.tif: is an input"):
        export(segmentation(source), tmp_path, name="a")
    assert [path.name for path in tmp_path.iterdir()] == ["a_labels.tif"]
    assert source.read_bytes() == b"the only copy"
