import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile

from autoseg.cli import main
from autoseg.errors import AutosegError, ImageError, OptionsError
from autoseg.stm.classes import surface_head
from autoseg.stm.stages.collect import Collect, find_files
from autoseg.stm.workflow import Options, run
from tests.marks import trains_once

pytestmark = trains_once  # nothing here depends on the backend


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    assert main(["simulate", "stm", "--size", "64", "--count", "5", "--output", str(folder), "--quiet"]) == 0
    return folder


def test_pairs_come_out_as_they_were_simulated(data, tmp_path):
    made = Collect(data=data).run(tmp_path / "out", np.random.default_rng(0))
    pairs = made.changed(**{name: tmp_path / "out" / path for name, path in made if isinstance(path, Path)})
    assert len(pairs.files()) == 4 and len(pairs.test()) == 1
    surface = pairs.read_test(pairs.test()[0])
    assert surface.image.shape == surface.rows.shape == surface.instances.shape == (64, 64)
    number = int(pairs.test()[0].stem)
    original = find_files(data, rows=True)[number].image
    np.testing.assert_array_equal(surface.image, tifffile.imread(pairs.test()[0]))
    assert original.stem == f"stm_{number:06}"


@pytest.mark.parametrize("kind", ["images", "masks", "masks_row"])
def test_what_is_alone_is_named(data, kind):
    lost = next((data / kind).rglob("*.png"))
    lost.unlink()
    with pytest.raises(ImageError, match=lost.stem.split("_mask")[0]):
        find_files(data, rows=True)


def test_row_masks_are_only_needed_for_rows(data):
    shutil.rmtree(data / "masks_row")
    assert all(files.rows is None for files in find_files(data, rows=False))
    with pytest.raises(ImageError, match="holds no images"):
        run(Options(profile="smoke", data=data, folder=data / "run"))
    assert not (data / "run").exists()


def test_masks_of_other_sizes_or_classes_are_refused(data, tmp_path):
    mask = find_files(data, rows=True)[0].classes
    for wrong, problem in ((np.zeros((32, 64), np.uint8), "32, 64"), (np.full((64, 64), 7, np.uint8), "class 7")):
        tifffile.imwrite(mask, wrong)
        with pytest.raises(AutosegError, match=problem):
            Collect(data=data).run(tmp_path / "out", np.random.default_rng(0))


def test_the_head_follows_from_rows():
    assert Options(rows=False).train_segmenter.head.also == ()
    assert Options().train_segmenter.head.also == ()  # as published
    assert len(Options(profile="cpu").train_segmenter.head.also) == 1
    with pytest.raises(OptionsError, match="leave it out"):
        Options(rows=False, train_segmenter={"head": surface_head(rows=True)})
