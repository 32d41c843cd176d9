import numpy as np
import pytest

from autoseg._backend import BACKEND, keras, ops, to_numpy
from autoseg._backend.gradients import value_and_gradients
from autoseg.backends import TRAINABLE
from autoseg.heads import Head
from autoseg.training import class_losses as losses
from autoseg.training.metrics import PooledScore
from autoseg.training.targets import make_class_targets
from tests.heads import HEADS

trains = pytest.mark.skipif(BACKEND not in TRAINABLE, reason="this backend only predicts")
every_loss = pytest.mark.parametrize("loss", [losses.cross_entropy, losses.dice, losses.batch_dice, losses.focal])
TWO = Head(kind="classes", classes=["ground", "pore"])


def computed(loss, truth, predicted, **settings):
    return to_numpy(loss(ops.convert_to_tensor(truth), ops.convert_to_tensor(predicted), **settings))


def of_two(probabilities):
    """Predictions of two classes, given those of the second one."""
    second = np.array(probabilities, "float32")[..., None]
    return np.concatenate([1 - second, second], axis=-1)


# Two images of 1 x 2 pixels; the last pixel is not known. Their true classes are predicted with 1/2, 1/4, 1/8.
TRUTH = np.stack(
    [make_class_targets(np.array([row], np.uint8), TWO, class_weights=(1, 3)) for row in ([0, 1], [1, 255])]
)
PREDICTED = of_two([[[1 / 2, 1 / 4]], [[1 / 8, 0.9]]])


def test_cross_entropy_is_the_weighted_mean_over_the_known_pixels_of_the_batch():
    found = computed(losses.cross_entropy, TRUTH, PREDICTED)
    assert found.shape == (2,)
    assert found.mean() == pytest.approx((1 * np.log(2) + 3 * np.log(4) + 3 * np.log(8)) / 7)


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
def test_focal_counts_what_is_wrong(gamma):
    found = computed(losses.focal, TRUTH, PREDICTED, gamma=gamma)
    of_pixels = [w * (1 - p) ** gamma * -np.log(p) for w, p in ((1, 1 / 2), (3, 1 / 4), (3, 1 / 8))]
    assert found.mean() == pytest.approx(sum(of_pixels) / 7)


def test_the_dice_of_a_batch_is_of_all_its_known_pixels():
    found = computed(losses.batch_dice, TRUTH, PREDICTED)
    of_ground = 1 - (2 * 1 / 2 + 1) / (1 + (1 / 2 + 3 / 4 + 7 / 8) + 1)
    of_pores = 1 - (2 * (1 / 4 + 1 / 8) + 1) / (2 + (1 / 2 + 1 / 4 + 1 / 8) + 1)
    assert found.shape == (2,) and found == pytest.approx((of_ground + of_pores) / 2)


def test_dice_is_of_each_sample_and_class():
    first = 1 - (2 * 1 / 2 + 1) / (1 + 1.25 + 1), 1 - (2 * 1 / 4 + 1) / (1 + 0.75 + 1)
    second = 1 - 1 / (7 / 8 + 1), 1 - (2 * 1 / 8 + 1) / (1 + 1 / 8 + 1)
    np.testing.assert_allclose(computed(losses.dice, TRUTH, PREDICTED), [np.mean(first), np.mean(second)], rtol=1e-5)


@every_loss
def test_what_is_predicted_for_certain_and_right_costs_nothing(loss):
    np.testing.assert_allclose(computed(loss, TRUTH, of_two([[[0, 1]], [[1, 1]]])), 0, atol=1e-6)


@every_loss
def test_the_unit_of_weights_does_not_matter(loss):
    np.testing.assert_allclose(
        computed(loss, TRUTH * [1, 1, 10], PREDICTED), computed(loss, TRUTH, PREDICTED), rtol=1e-5
    )


@every_loss
@pytest.mark.parametrize("predicted", [0.0, 0.5, 1.0])
def test_losses_are_finite_at_the_extremes(loss, predicted):
    nothing_known = TRUTH * [0, 0, 0]
    for truth in (TRUTH, nothing_known.astype("float32")):
        found = computed(loss, truth.astype("float32"), np.full(PREDICTED.shape, predicted, "float32"))
        assert found.shape == (2,) and np.isfinite(found).all() and (found >= 0).all()


def loss_and_gradient(loss, truth, predicted):
    variable = keras.Variable(predicted)
    value, _, (gradient,) = value_and_gradients(
        lambda: (ops.sum(loss(ops.convert_to_tensor(truth), ops.convert_to_tensor(variable))), None), [variable]
    )
    return to_numpy(value), to_numpy(gradient)


@trains
@every_loss
def test_predictions_of_pixels_without_weight_change_nothing(loss):
    rng, head = np.random.default_rng(0), HEADS["classes"]
    classes = rng.choice(np.array([0, 1, 2, 255], np.uint8), (2, 6, 8))
    certainty = np.float32(rng.random((2, 6, 8)) > 0.2)
    made = [
        make_class_targets(a, head, class_weights=(1, 4, 2), certainty=b)
        for a, b in zip(classes, certainty, strict=True)
    ]
    truth, first, second = np.stack(made), *rng.dirichlet(np.ones(3), (2, 2, 6, 8)).astype("float32")
    ignored = (classes == 255) | (certainty == 0)
    second[~ignored] = first[~ignored]
    (value, gradient), (other_value, other_gradient) = (
        loss_and_gradient(loss, truth, each) for each in (first, second)
    )
    assert value == other_value
    np.testing.assert_array_equal(gradient, other_gradient)
    assert not gradient[ignored].any() and gradient[~ignored].any(axis=-1).all()
    scores = []
    for predicted in (first, second):
        score = PooledScore(head)
        score.update_state(truth, predicted)
        scores.append(float(score.result()))
    assert scores[0] == scores[1] < 1
