import numpy as np
import pytest

from autoseg.models import save_model
from autoseg.networks import build
from autoseg.sem.stages.generate import Generate
from autoseg.sem.stages.grey import read_grey, write_grey
from autoseg.sem.stages.prepare import Tiles
from autoseg.sem.stages.simulate import Masks
from autoseg.sem.stages.train_cyclegan import Generators
from tests.sem.scenes import write_scenes


@pytest.fixture(scope="module")
def generator():
    return build("resnet", filters=4, blocks=0, skip=True, seed=2)


def generated(folder, generator, inverted):
    names = ("micrograph_generator", "mask_generator")
    for name in names:
        save_model(folder / name, generator, card="")
    write_scenes(folder, 1)
    write_grey(folder / "masks" / "00000_mask.tif", np.eye(48) > 0)
    stage = Generate(images=folder / "images")
    fakes = stage.run(
        folder,
        np.random.default_rng(0),
        prepare=Tiles(tiles=folder, test=folder, count=0, percentiles=(0.5, 99.5)),
        simulate=Masks(masks=folder / "masks", count=1),
        train_cyclegan=Generators(**{name: folder / name for name in names}, inverted=inverted),
    )
    return read_grey(folder / fakes.micrographs / "00000.tif"), read_grey(folder / fakes.masks / "0.tif")


def test_inverted_generators_read_and_make_inverted_micrographs(tmp_path, generator):
    (plain, found), (negative, found_inverted) = (
        generated(tmp_path / str(inverted), generator, inverted) for inverted in (make(tmp_path, i) for i in (0, 1))
    )
    assert np.abs(plain.astype(int) + negative - 255).max() <= 1
    assert found.shape == found_inverted.shape == (144, 160)
    assert np.abs(found.astype(int) - found_inverted).max() > 10


def make(folder, inverted):
    (folder / str(bool(inverted))).mkdir()
    return bool(inverted)
