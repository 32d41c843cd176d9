"""How the losses of a head add up: each one is tested by itself elsewhere."""

import numpy as np
import pytest

from autoseg._backend import ops, to_numpy
from autoseg.heads import Head, Output
from autoseg.training import class_losses, particle_losses
from autoseg.training.head_losses import losses_of, squared_difference
from tests.heads import HEADS

RNG = np.random.default_rng(0)
PREDICTED = RNG.dirichlet(np.ones(3), (2, 6, 8)).astype("float32")
ONE_HOT = np.eye(3, dtype="float32")[RNG.integers(0, 3, (2, 6, 8))]
WEIGHTS = RNG.uniform(0, 2, (2, 6, 8, 1)).astype("float32")
CLASSES = np.concatenate([ONE_HOT, WEIGHTS], axis=-1)
MASK = np.concatenate([ONE_HOT[..., :1], WEIGHTS], axis=-1)


def computed(loss, truth, predicted=PREDICTED, **settings):
    return to_numpy(loss(ops.convert_to_tensor(truth), ops.convert_to_tensor(predicted), **settings))


def test_losses_of_classes_add_up_with_their_weights():
    loss = losses_of(HEADS["classes"], {"cross_entropy": 1.0, "dice": 0.5, "focal": 3.0}, 1.0, 0.5)
    entropy, dice, focal = (
        computed(each, CLASSES) for each in (class_losses.cross_entropy, class_losses.dice, class_losses.focal)
    )
    np.testing.assert_allclose(computed(loss, CLASSES), entropy + 0.5 * dice + 3 * focal, rtol=1e-5)


@pytest.mark.parametrize("weight", [2.5, "batch"])
def test_losses_of_a_mask_add_up_and_its_foreground_is_weighted(weight):
    loss = losses_of(HEADS["mask"], {"dice": 2.0, "cross_entropy": 0.25}, weight, 0.5)
    predicted = PREDICTED[..., :1]
    entropy = computed(particle_losses.binary_cross_entropy, MASK, predicted, foreground_weight=weight)
    expected = 2 * computed(particle_losses.dice, MASK, predicted) + 0.25 * entropy
    np.testing.assert_allclose(computed(loss, MASK, predicted), expected, rtol=1e-5)


@pytest.mark.parametrize("names", [{"cross_entropy": 1.0}, {"dice": 2.0, "focal": 1.0}])
def test_instances_have_a_loss_of_their_own(names):
    assert losses_of(HEADS["instances"], names, 7.0, 0.5) is particle_losses.instances


@pytest.mark.parametrize("also_weight", [0.5, 1.0])
def test_further_outputs_have_the_losses_of_their_activations(also_weight):
    also = [
        Output(name="edge", channels=("edge",)),
        Output(name="phase", channels=("a", "b", "c"), activation="softmax"),
        Output(name="depth", channels=("depth",), activation="linear"),
    ]
    head = Head(kind="mask", also=also)
    found = losses_of(head, {"focal": 1.0}, 1.0, also_weight)
    assert list(found) == ["foreground", "edge", "phase", "depth"]
    for name, loss, truth, predicted, weight in (
        ("foreground", particle_losses.focal, MASK, PREDICTED[..., :1], 1),
        ("edge", particle_losses.binary_cross_entropy, MASK, PREDICTED[..., :1], also_weight),
        ("phase", class_losses.cross_entropy, CLASSES, PREDICTED, also_weight),
        ("depth", squared_difference, MASK, PREDICTED[..., :1], also_weight),
    ):
        expected = weight * computed(loss, truth, predicted)
        np.testing.assert_allclose(computed(found[name], truth, predicted), expected, rtol=1e-5)


def test_squared_differences_are_weighted():
    truth, predicted = MASK, PREDICTED[..., :1]
    expected = ((truth[..., :1] - predicted) ** 2 * WEIGHTS).mean((1, 2, 3))
    np.testing.assert_allclose(computed(squared_difference, truth, predicted), expected, rtol=1e-5)
    everywhere = computed(squared_difference, truth[..., :1], predicted)
    np.testing.assert_allclose(everywhere, ((truth[..., :1] - predicted) ** 2).mean((1, 2, 3)), rtol=1e-5)
