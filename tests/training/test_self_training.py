"""Pseudo-labels of networks that are functions, and what their weights do to targets, losses and mixes."""

from functools import partial

import numpy as np
import pytest

from autoseg._backend import ops, to_numpy
from autoseg.errors import ImageError, OptionsError
from autoseg.heads import Head
from autoseg.segmentation.instances.finding import InstanceOptions
from autoseg.training import particle_losses as losses
from autoseg.training.segmenter import SegmenterOptions, make_batches
from autoseg.training.self_training import SelfTrainingOptions, mix, pseudo_labels
from autoseg.training.targets import foreground_ratio, make_targets

MASK, INSTANCES = Head(kind="mask"), Head(kind="instances")
DISTANCE = InstanceOptions(method="distance")
ONE_VIEW = SelfTrainingOptions(scales=(1.0,))


def squares(size=64):
    """Two that touch and one that does not, numbered in reading order."""
    labels = np.zeros((size, size + 16), np.uint16)
    labels[6:26, 4:24], labels[6:26, 24:44], labels[36:56, 30:50] = 1, 2, 3
    return labels


def grey(labels):
    """An image of which the labels can be read off."""
    return labels.astype(np.float32) * 50


def knowing(head):
    """A network that reads the true labels off the image, at any magnification."""
    return lambda image: make_targets(np.rint(image / 50).astype(int), head)


def foreground_as_given(image):
    return image[..., np.newaxis]


def near(labels, pixels):
    """Pixels around the rims of labels."""
    rims = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        for step in range(-pixels, pixels + 1):
            rims |= labels != np.roll(labels, step, axis)
    return rims


@pytest.mark.parametrize(("head", "instances"), [(INSTANCES, InstanceOptions()), (MASK, DISTANCE)])
@pytest.mark.parametrize("flips", [False, True])
def test_what_a_perfect_network_says_is_the_truth_and_counts_fully(head, instances, flips):
    truth = squares()
    found, weights = pseudo_labels(knowing(head), grey(truth), head, instances, ONE_VIEW.changed(flips=flips))
    assert weights.dtype == np.float32
    expected = truth * (make_targets(truth, head)[..., 0] > 0)  # a mask has a line between them
    assert np.count_nonzero(found != expected) <= 2  # the ends of a contact may go to either side
    assert (weights == 1).all()


def test_at_several_magnifications_only_rims_are_uncertain():
    truth = squares()
    found, weights = pseudo_labels(knowing(INSTANCES), grey(truth), INSTANCES)
    rims = near(truth, 3)
    assert np.array_equal(found[~rims], truth[~rims])
    assert (weights[~rims] == 1).all() and weights[rims].min() < 0.5


def test_where_magnifications_disagree_pixels_count_less():
    truth = squares()

    def hesitant(otherwise, image):
        """Is sure of the third particle only where it sees it unmagnified."""
        said = (image > 25).astype(np.float32)
        if image.shape != truth.shape:
            said[image > 125] = otherwise
        return said[..., np.newaxis]

    counts = []
    for otherwise in (1.0, 0.8, 0.7, 0.0):
        _, weights = pseudo_labels(partial(hesitant, otherwise), grey(truth), MASK, DISTANCE)
        assert weights[16, 14] == 1
        counts.append(weights[46, 40])
    # Of 1, 0.7 and 0.7: the mean is 0.8, their standard deviation the root of 0.02, and limits are 0.2 and 0.8.
    assert counts[2] == pytest.approx((0.6 * (1 - 2 * 0.02**0.5) - 0.2) / 0.6, abs=1e-5)
    assert counts[0] == 1 > counts[1] > counts[2] > counts[3] == 0


@pytest.mark.parametrize(
    ("probability", "expected"), [(1.0, 1.0), (0.9, 1.0), (0.75, 0.5), (0.6, 0.0), (0.5, 0.0), (0.25, 0.5), (0.0, 1.0)]
)
def test_pixels_count_as_they_are_decided(probability, expected):
    image = np.zeros((40, 40), np.float32)
    image[5:15, 5:15], image[20:35, 20:35] = 1, probability
    _, weights = pseudo_labels(foreground_as_given, image, MASK, DISTANCE.changed(threshold=0.5), ONE_VIEW)
    assert weights[27, 27] == pytest.approx(expected, abs=1e-6)


def without_contacts(image, contact=0.0):
    """What a network says that sees this much of a contact, and no rims there."""
    said = knowing(INSTANCES)(image)
    said[..., 1] *= contact
    said[..., 2] = said[..., 0]
    return said


def test_a_contact_that_is_seen_at_one_magnification_parts_particles():
    truth = squares()

    def see(image):
        return knowing(INSTANCES)(image) if image.shape == truth.shape else without_contacts(image)

    found, weights = pseudo_labels(see, grey(truth), INSTANCES)
    rims = near(truth, 3)
    assert np.array_equal(found[~rims], truth[~rims]) and found.max() == 3
    assert (weights[8:24, 22:26] == 1).all()


def test_a_contact_that_is_suspected_but_not_found_does_not_count():
    truth = squares()
    suspected = make_targets(truth, INSTANCES)[..., 1] > 0
    for contact, expected in ((0.45, 0.0), (0.25, 0.5), (0.05, 1.0)):
        said = partial(without_contacts, contact=contact)
        found, weights = pseudo_labels(said, grey(truth), INSTANCES, InstanceOptions(prominence=0.5), ONE_VIEW)
        assert found.max() == 2
        np.testing.assert_allclose(weights[suspected], expected, atol=1e-6)
        assert (weights[~suspected] == 1).all()


def test_what_was_sorted_out_does_not_count_as_background():
    truth = squares()
    image = np.float32(truth > 0)
    for options in (DISTANCE.changed(maximum_size=500), DISTANCE.changed(exclude_edge=True)):
        image[-6:, :6] = 1
        labels, weights = pseudo_labels(foreground_as_given, image, MASK, options, ONE_VIEW)
        gone = (image > 0) & (labels == 0)
        assert gone.any() and not weights[gone].any() and weights[~gone].all()


def test_a_network_that_loses_pixels_is_refused():
    with pytest.raises(ImageError, match=r"\(32, 40\) pixels"):
        pseudo_labels(lambda image: image[1:, :, np.newaxis], np.zeros((32, 40)), MASK, options=ONE_VIEW)


@pytest.mark.parametrize("wrong", [{"confidence": (0.8, 0.2)}, {"scales": ()}, {"share": 1.0}])
def test_options_that_make_no_sense_are_refused(wrong):
    with pytest.raises(OptionsError):
        SelfTrainingOptions(**wrong)


@pytest.mark.parametrize(("share", "expected"), [(0.4, 40), (0.0, 0), (0.25, 25)])
def test_the_share_of_true_pairs_is_as_asked_for(share, expected):
    options = SelfTrainingOptions(share=share, views_per_epoch=100)
    pairs, images = [("pair", i) for i in range(30)], [("image", i) for i in range(7)]
    mixed = mix(pairs, images, options, np.random.default_rng(3))
    kinds = [kind for kind, _ in mixed]
    assert kinds.count("pair") == expected and kinds.count("image") == 100 - expected
    often = [mixed.count(image) for image in images]
    assert max(often) - min(often) <= 1
    assert mixed == mix(pairs, images, options, np.random.default_rng(3))


def test_a_mix_needs_what_it_is_to_be_made_of():
    options, rng = SelfTrainingOptions(), np.random.default_rng(0)
    with pytest.raises(OptionsError, match="no true pairs"):
        mix([], [1], options, rng)
    assert mix([], [1], options.changed(share=0, views_per_epoch=2), rng) == [1, 1]


def samples(head, weights, changed=False, count=2, **options):
    """One batch of images and targets; `changed`: with another particle, where `WEIGHTS` are 0."""
    labels = squares()
    if changed:
        labels[:, 55:] = 9
    image = np.random.default_rng(0).integers(0, 255, labels.shape).astype(np.uint8)
    settings = SegmenterOptions(head=head, batch_size=count, views_per_pair=1, validation=0.0, **options)
    return make_batches([(image, labels, weights)] * count, settings)[0][0]


WEIGHTS = np.ones((64, 80), np.float32)
WEIGHTS[:, 50:], WEIGHTS[40:, :20] = 0, 0.5
LOSSES = {
    "cross_entropy": (MASK, partial(losses.binary_cross_entropy, foreground_weight=3.0)),
    "batch": (MASK, partial(losses.binary_cross_entropy, foreground_weight="batch")),
    "dice": (MASK, losses.dice),
    "focal": (MASK, losses.focal),
    "instances": (INSTANCES, losses.instances),
}


@pytest.mark.parametrize("name", LOSSES)
def test_what_lies_under_weights_of_zero_changes_no_loss(name):
    head, loss = LOSSES[name]
    given, other = (samples(head, WEIGHTS, changed)[1] for changed in (False, True))
    channels = given.shape[-1] // 2
    assert (given[..., :channels] != other[..., :channels]).any()
    predicted = np.random.default_rng(1).uniform(0.05, 0.95, given[..., :channels].shape).astype("float32")

    def value(targets, said=predicted):
        return to_numpy(loss(ops.convert_to_tensor(targets), ops.convert_to_tensor(said)))

    np.testing.assert_array_equal(value(other), value(given))
    elsewhere = np.where(given[..., channels:] == 0, 1 - predicted, predicted)
    np.testing.assert_allclose(value(given, elsewhere), value(given), rtol=1e-6)
    assert (value(given, 1 - predicted) != value(given)).all()


@pytest.mark.parametrize("head", [MASK, INSTANCES])
def test_weights_go_through_the_geometry_as_labels_do(head):
    weights = np.where(squares() == 3, np.float32(0.25), np.float32(1))
    geometry = {"quarter_turns": True, "rotation": 180, "scale": (0.8, 1.25)}
    _, targets = samples(head, weights, count=6, crop=48, geometry=geometry, contact_weights=False)
    assert set(np.unique(targets[..., -1])) == {0.25, 1}
    # Apart from its neighbours, the third particle is all foreground, and nothing around it weighs as little.
    np.testing.assert_array_equal(targets[..., -1] == 0.25, (targets[..., -1] == 0.25) & (targets[..., 0] == 1))


def test_certainty_multiplies_the_weights_of_contacts():
    certainty = np.full((64, 80), 0.5, np.float32)
    plain, halved = (make_targets(squares(), INSTANCES, weighted=True, certainty=c) for c in (None, certainty))
    np.testing.assert_array_equal(halved[..., :3], plain[..., :3])
    np.testing.assert_array_equal(halved[..., 3:], plain[..., 3:] / 2)
    alone = make_targets(squares(), INSTANCES, certainty=certainty)
    assert alone.shape[-1] == 6 and (alone[..., 3:] == 0.5).all()


def test_a_map_of_another_size_is_refused():
    with pytest.raises(ImageError, match="map of certainty"):
        samples(MASK, np.ones((64, 64), np.float32))


def test_uncertain_pixels_do_not_set_how_much_foreground_counts():
    mask, weights = np.array([1.0, 0, 1, 0]), np.array([1.0, 1, 0, 0.5])
    assert foreground_ratio([(mask, weights)]) == 1.5
    assert foreground_ratio([(mask, np.ones(4)), mask]) == foreground_ratio([mask]) == 1
