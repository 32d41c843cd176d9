"""Pictures agree with their labels, whatever is drawn."""

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from autoseg.errors import OptionsError
from autoseg.simulation.world.arrangement import push_apart
from autoseg.simulation.world.options import (
    AppearanceOptions,
    ArrangementWeights,
    DistractorOptions,
    FigureOptions,
    FormWeights,
    GroundOptions,
    PopulationOptions,
    TextureWeights,
    WorldOptions,
)
from autoseg.simulation.world.population import draw_population
from autoseg.simulation.world.rendering import render_world
from autoseg.simulation.world.scene import visible

SIZE = (128, 128)
CLEAN = {
    "ground": GroundOptions(grain=(0, 0), textured=0, lacey=0, folds=0, stains=0, debris=0, gradient=(0, 0)),
    "distractors": DistractorOptions(panel=0, scale_bar=0, info_bar=0, arrow=0, inset=0, margin=0),
    "figure": FigureOptions(resampled=0, compressed=0, sharpened=0, gamma=(1, 1)),
}
CLEAR = {"noise": (0, 0), "blur": (0.35, 0.35), "charging": (0, 0), "saturated": 0, "flat": 0, "fringe": (0, 0)}
CLEAR |= {"vibration": (0, 0), "scan_lines": (0, 0)}


def test_one_seed_gives_one_picture():
    pictures = [render_world(WorldOptions(size=SIZE), np.random.default_rng(seed)) for seed in (3, 3, 4)]
    assert (pictures[0].image == pictures[1].image).all() and (pictures[0].labels == pictures[1].labels).all()
    assert (pictures[0].image != pictures[2].image).any()


def test_pictures_are_numbers_in_range_and_labels_are_consecutive():
    for seed in range(40):
        picture = render_world(WorldOptions(size=(96, 144)), np.random.default_rng(seed))
        assert picture.image.shape == picture.labels.shape == (96, 144)
        assert picture.image.dtype == np.float32 and picture.labels.dtype == np.int32
        assert np.isfinite(picture.image).all() and 0 <= picture.image.min() <= picture.image.max() <= 1
        areas = np.bincount(picture.labels.ravel())[1:]
        assert (areas >= 20).all()
        assert not picture.mask[picture.labels == 0].any()


@pytest.mark.parametrize("transmission", [0, 1])
@pytest.mark.parametrize("inverted", [0, 1])
def test_particles_are_drawn_where_their_labels_are(transmission, inverted):
    """On a plain ground without noise, what is not ground is labelled, and particles differ as their polarity says."""
    looks = AppearanceOptions(transmission=transmission, inverted=inverted, shadow=(0, 0), **CLEAR)
    # Bodies without holes and crumbs, so that every particle is drawn and labelled whole.
    population = PopulationOptions(
        forms=FormWeights.only(sphere=1, box=1, rod=1, grain=1), diameter=(15, 40), smallest=1
    )
    checked = 0
    for seed in range(8):
        options = WorldOptions(size=SIZE, empty=0, population=population, appearance=looks, **CLEAN)
        picture = render_world(options, np.random.default_rng(seed))
        particles, ground = picture.labels > 0, binary_erosion(picture.labels == 0, iterations=4)
        if not particles.any() or not ground.any():
            continue
        checked += 1
        assert np.ptp(picture.image[ground]) < 0.1
        difference = picture.image[particles].mean() - picture.image[ground].mean()
        assert (difference < -0.02) if picture.polarity == "dark" else (difference > 0.02)
        assert picture.polarity == ("dark" if transmission != inverted else "bright")
        if transmission:
            core = binary_erosion(particles, iterations=2)
            assert np.mean(np.abs(picture.image[core] - picture.image[ground].mean()) > 0.01) > 0.95
    assert checked >= 4


def test_pores_and_voids_do_not_split_or_pierce_labels():
    population = PopulationOptions(
        forms=FormWeights.only(sphere=1),
        diameter=(50, 60),
        large_share=0,
        arrangements=ArrangementWeights.only(few=1),
        textured=1,
        textures=TextureWeights.only(pores=1),
        filled=1,
        ragged=0,
        second_size=0,
    )
    for seed in range(6):
        picture = render_world(
            WorldOptions(size=SIZE, empty=0, population=population, **CLEAN), np.random.default_rng(seed)
        )
        assert picture.labels.any()
        top = picture.labels == picture.labels.max()  # nothing lies on it
        rows = [row for row in top if row.any()]
        assert rows and all(np.flatnonzero(row)[-1] - np.flatnonzero(row)[0] + 1 == row.sum() for row in rows)


def test_print_is_background():
    """The same picture with and without print: labels are gone where it lies, and nowhere else."""
    population = PopulationOptions(
        arrangements=ArrangementWeights.only(packed=1), forms=FormWeights.only(sphere=1), diameter=(20, 20), smallest=1
    )
    figure = {"ground": CLEAN["ground"], "figure": CLEAN["figure"], "population": population, "empty": 0}
    printing = DistractorOptions(panel=0, scale_bar=0, info_bar=0, arrow=0, inset=1, margin=0)
    for seed in range(6):
        plain, printed = (
            render_world(WorldOptions(size=SIZE, distractors=print_, **figure), np.random.default_rng(seed))
            for print_ in (CLEAN["distractors"], printing)
        )
        changed = plain.image != printed.image
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        inset = np.zeros(SIZE, bool)
        inset[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
        assert not printed.labels[inset].any()
        assert ((printed.labels > 0) == (plain.labels > 0))[~inset].all()


def test_empty_pictures_have_no_label():
    for seed in range(10):
        picture = render_world(WorldOptions(size=SIZE, empty=1), np.random.default_rng(seed))
        assert not picture.labels.any() and not picture.mask.any()


def test_sizes_keep_to_their_range():
    options = PopulationOptions(
        forms=FormWeights.only(sphere=1),
        diameter=(12, 30),
        large_share=0,
        spread=(0, 0),
        second_size=0,
        ragged=0,
        mixed=0,
    )
    for seed in range(20):
        drawn = draw_population(SIZE, options, np.random.default_rng(seed))
        assert 12 <= drawn.diameter <= 30 and 1 <= len(drawn.bodies) <= options.most
        assert all(abs(2 * body.radius - drawn.diameter) < 1.5 for body in drawn.bodies)
    large = [
        draw_population(SIZE, options.changed(large_share=1, large=(390, 400)), np.random.default_rng(seed)).diameter
        for seed in range(3)
    ]
    assert all(390 <= diameter <= 400 for diameter in large)


def test_the_mask_parts_particles_that_touch():
    population = PopulationOptions(
        arrangements=ArrangementWeights.only(heap=1), forms=FormWeights.only(sphere=1), diameter=(25, 25)
    )
    picture = render_world(WorldOptions(size=SIZE, empty=0, population=population, **CLEAN), np.random.default_rng(0))
    low, high = picture.labels[:, :-1], picture.labels[:, 1:]
    touching = (low != high) & (low > 0) & (high > 0)
    assert touching.any() and not (picture.mask[:, :-1] & picture.mask[:, 1:] & touching).any()
    assert picture.mask.sum() > 0.6 * (picture.labels > 0).sum()


def test_pieces_of_a_particle_keep_one_number_and_small_ones_have_none():
    labels = np.array([[7, 7, 0, 7], [3, 0, 9, 9], [0, 0, 9, 9]])
    assert visible(labels, 2).tolist() == [[1, 1, 0, 1], [0, 0, 2, 2], [0, 0, 2, 2]]


def test_discs_are_pushed_apart():
    centres = push_apart(np.random.default_rng(0).uniform(0, 60, (40, 2)), np.full(40, 5.0), rounds=200)
    distances = np.hypot(*(centres[:, None] - centres).transpose(2, 0, 1)) + 100 * np.eye(40)
    assert distances.min() > 9


def test_weights_of_nothing_are_refused():
    with pytest.raises(OptionsError, match="nothing to choose from"):
        render_world(
            WorldOptions(empty=0, population=PopulationOptions(forms=FormWeights.only(sphere=0))),
            np.random.default_rng(0),
        )


def test_few_particles_are_in_the_middle_and_never_outside():
    population = PopulationOptions(arrangements=ArrangementWeights.only(few=1), diameter=(30, 40), large_share=0)
    for seed in range(60):
        drawn = draw_population(SIZE, population, np.random.default_rng(seed))
        assert (np.abs(drawn.centres.mean(axis=0) - 64) < 64).all()
