"""Renderings of the world stand among those of the wing's own outlines, as many as were asked for."""

import numpy as np
import pytest

from autoseg.images.labels import read_labels
from autoseg.sem.stages.render import Render, RenderOptions
from autoseg.stages.grey import read_grey

GROWTH = {"size": (64, 80), "particles": (3, 6)}


def rendered(folder, **options):
    stage = Render(options=RenderOptions(count=4, source="shapes", growth=GROWTH, **options))
    pairs = stage.run(folder, np.random.default_rng(0))
    names = [f"{number:05}" for number in range(4)]
    images = [read_grey(folder / pairs.images / f"{name}.tif") for name in names]
    return images, [read_labels(folder / pairs.truth / f"{name}_labels.tif") for name in names]


def test_a_share_of_the_pairs_shows_the_world_and_the_others_stay_as_they_were(tmp_path):
    plain, mixed = (rendered(tmp_path / str(share), world_share=share)[0] for share in (0, 0.5))
    assert [bool((one == other).all()) for one, other in zip(plain, mixed, strict=True)] == [True, False, True, False]


def test_no_outlines_are_needed_for_the_world_alone(tmp_path):
    stage = Render(options=RenderOptions(count=2, world_share=1, growth=GROWTH), outlines=tmp_path / "none")
    assert stage.sources() == []
    pairs = stage.run(tmp_path, np.random.default_rng(0))
    assert [
        read_labels(pair.labels).shape
        for pair in pairs.changed(images=tmp_path / pairs.images, truth=tmp_path / pairs.truth).files()
    ] == [(64, 80)] * 2


@pytest.mark.parametrize("transmission", [0, 1])
def test_a_network_that_knows_bright_particles_is_shown_bright_ones(tmp_path, transmission):
    world = {"empty": 0, "appearance": {"transmission": transmission, "inverted": 0, "noise": (0, 0)}}
    images, labels = rendered(tmp_path, world_share=1, world=world)
    seen = [
        image[truth > 0].mean() > image[truth == 0].mean()
        for image, truth in zip(images, labels, strict=True)
        if 0 < truth.astype(bool).mean() < 1
    ]
    assert len(seen) >= 2 and np.mean(seen) > 0.7  # letters may be brighter still
