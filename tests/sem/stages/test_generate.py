import numpy as np
import pytest

from autoseg.models.folder import save_model
from autoseg.networks import build
from autoseg.sem.stages.generate import Generate
from autoseg.sem.stages.simulate import Masks
from autoseg.sem.stages.train_cyclegan import Generators
from autoseg.stages.grey import read_grey, write_grey
from autoseg.stages.prepare import Tiles
from tests.simulation.particles.scenes import write_scenes


@pytest.fixture(scope="module")
def generator():
    return build("resnet", filters=4, blocks=0, skip=True, seed=2)


def generated(folder, generator, known):
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
        train_cyclegan=Generators(**{name: folder / name for name in names}, polarity=known),
    )
    return read_grey(folder / fakes.micrographs / "00000.tif"), read_grey(folder / fakes.masks / "0.tif")


def test_generators_that_know_the_opposite_particles_read_and_make_inverted_micrographs(tmp_path, generator):
    for known in ("bright", "dark"):
        (tmp_path / known).mkdir()
    (plain, found), (negative, found_inverted) = (
        generated(tmp_path / known, generator, known) for known in ("bright", "dark")
    )
    assert np.abs(plain.astype(int) + negative - 255).max() <= 1
    assert found.shape == found_inverted.shape == (144, 160)
    assert np.abs(found.astype(int) - found_inverted).max() > 10
