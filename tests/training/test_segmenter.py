from functools import partial

import numpy as np
import pytest

from autoseg._backend import keras, ops, to_numpy
from autoseg.errors import OptionsError
from autoseg.heads import Head
from autoseg.networks import build
from autoseg.training import particle_losses as losses
from autoseg.training import segmenter as module
from autoseg.training.callbacks import BestWeights, Checkpoint, Log
from autoseg.training.metrics import PooledScore
from autoseg.training.precision import mixed_precision
from autoseg.training.segmenter import SegmenterOptions, make_batches, make_optimizer, train_segmenter
from tests.marks import trains

from .contract import Snapshot

QUICK = SegmenterOptions(batch_size=4, epochs=12, learning_rate=0.02, schedule="constant")


def discs(count, size=32):
    rng, (rows, columns) = np.random.default_rng(0), np.mgrid[:size, :size]
    for _ in range(count):
        labels = np.zeros((size, size), int)
        for label in range(1, 4):
            centre, radius = rng.uniform(4, size - 4, 2), rng.uniform(4, 7)
            labels[np.hypot(rows - centre[0], columns - centre[1]) < radius] = label
        image = np.where(labels, 180, 60) + rng.normal(0, 8, labels.shape)
        yield image.clip(0, 255).astype(np.uint8), labels


PAIRS = list(discs(8))


def network(head):
    return build("unet", filters=(4, 8), norm="instance", outputs=Head(kind=head).network_outputs)


def probabilities(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.05, 0.95, shape).astype("float32")


def computed(loss, truth, predicted, **settings):
    return to_numpy(loss(ops.convert_to_tensor(truth), ops.convert_to_tensor(predicted), **settings))


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-5)


TRUTH = (probabilities(2, 6, 8, 3, seed=1) > 0.7).astype("float32")
PREDICTED, WEIGHTS = probabilities(2, 6, 8, 3, seed=2), 1 + 4 * probabilities(2, 6, 8, 3, seed=3)
WEIGHTED_BY_BATCH = partial(losses.binary_cross_entropy, foreground_weight="batch")
ENTROPY = -np.where(TRUTH == 1, np.log(PREDICTED), np.log(1 - PREDICTED))


def dice_by_hand(truth, predicted):
    common, total = (truth * predicted).sum((1, 2)), (truth + predicted).sum((1, 2))
    return (1 - (2 * common + 1) / (total + 1)).mean(-1)


@pytest.mark.parametrize("weight", [1.0, 3.5])
def test_cross_entropy_weighs_the_foreground(weight):
    expected = (ENTROPY * np.where(TRUTH == 1, weight, 1)).mean((1, 2, 3))
    assert_close(computed(losses.binary_cross_entropy, TRUTH, PREDICTED, foreground_weight=weight), expected)
    weighted = (ENTROPY * np.where(TRUTH == 1, weight, 1) * WEIGHTS).mean((1, 2, 3))
    truth = np.concatenate([TRUTH, WEIGHTS], axis=-1)
    assert_close(computed(losses.binary_cross_entropy, truth, PREDICTED, foreground_weight=weight), weighted)


def test_the_ratio_of_a_batch_is_that_of_all_its_samples():
    ratio = (TRUTH == 0).sum() / (TRUTH == 1).sum()
    expected = (ENTROPY * np.where(TRUTH == 1, ratio, 1)).mean((1, 2, 3))
    assert_close(computed(losses.binary_cross_entropy, TRUTH, PREDICTED, foreground_weight="batch"), expected)


def test_dice_is_of_each_sample_and_channel():
    assert_close(computed(losses.dice, TRUTH, PREDICTED), dice_by_hand(TRUTH, PREDICTED))
    np.testing.assert_allclose(computed(losses.dice, TRUTH, TRUTH), 0, atol=1e-6)


def test_focal_counts_what_is_wrong():
    wrong = np.where(TRUTH == 1, 1 - PREDICTED, PREDICTED)
    assert_close(computed(losses.focal, TRUTH, PREDICTED), (ENTROPY * wrong**2).mean((1, 2, 3)))


def test_the_loss_of_instances_has_three_parts():
    distance = probabilities(2, 6, 8, 1, seed=4)
    truth = np.concatenate([TRUTH[..., :2], distance, WEIGHTS], axis=-1)
    of_distance = -(distance * np.log(PREDICTED[..., 2:]) + (1 - distance) * np.log(1 - PREDICTED[..., 2:]))
    expected = (
        (ENTROPY * WEIGHTS)[..., :2].mean((1, 2, 3))
        + 2 * (of_distance * WEIGHTS[..., 2:]).mean((1, 2, 3))
        + 0.3 * dice_by_hand(TRUTH[..., :2], PREDICTED[..., :2])
    )
    assert_close(computed(losses.instances, truth, PREDICTED), expected)


@pytest.mark.parametrize(
    "loss", [losses.binary_cross_entropy, WEIGHTED_BY_BATCH, losses.dice, losses.focal, losses.instances]
)
@pytest.mark.parametrize("truth", [0.0, 1.0])
@pytest.mark.parametrize("predicted", [0.0, 0.5, 1.0])
def test_losses_are_finite_at_the_extremes(loss, truth, predicted):
    shape = (2, 4, 4, 3)
    found = computed(loss, np.full(shape, truth, "float32"), np.full(shape, predicted, "float32"))
    assert found.shape == (2,) and np.isfinite(found).all() and (found >= -1e-6).all()


def test_iou_is_of_the_first_channel_cut_at_one_half():
    truth, predicted = np.zeros((2, 4, 4, 3), "float32"), probabilities(2, 4, 4, 3)
    predicted[..., 0] = 0
    truth[0, :2, :, 0], predicted[0, 1:3, :, 0] = 1, 0.6
    score = PooledScore(Head(kind="instances"))
    score.update_state(truth, predicted)
    assert float(score.result()) == pytest.approx(1 / 3)
    truth[1, 0, :, 0] = 1  # pixels are counted over all samples
    score.update_state(truth, predicted)
    assert float(score.result()) == pytest.approx(8 / 28)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1, 1, 1, 1]),
        ("step", [1, 1 / 2, 1 / 4, 1 / 16]),
        ("linear", [1, 3 / 4, 1 / 2, 0]),
        ("cosine", [1, 0.5 + 0.25 * 2**0.5, 0.5, 0]),
    ],
)
def test_learning_rates_at_the_quarters_of_forty_epochs(schedule, expected):
    optimizer = make_optimizer(SegmenterOptions(schedule=schedule, epochs=40, learning_rate=0.01), steps=3)
    found = []
    for step in (0, 30, 60, 120):
        optimizer.iterations.assign(step)
        found.append(float(to_numpy(optimizer.learning_rate)))
    np.testing.assert_allclose(found, 0.01 * np.array(expected), rtol=1e-5, atol=1e-9)


def test_optimizers_are_as_asked_for():
    adamw = make_optimizer(SegmenterOptions(optimizer="adamw", weight_decay=1e-4, averaging=0.995), steps=3)
    assert isinstance(adamw, keras.optimizers.AdamW) and adamw.weight_decay == 1e-4
    assert adamw.use_ema and adamw.ema_momentum == 0.995
    assert not make_optimizer(SegmenterOptions(), steps=3).use_ema


def iou(segmenter, head):
    images, targets = make_batches(PAIRS, QUICK.changed(head=head, batch_size=8, views_per_pair=1, validation=0.0))[0][
        0
    ]
    score = PooledScore(Head(kind=head))
    score.update_state(targets, segmenter.predict(images, verbose=0))
    return float(score.result())


@trains
def test_a_small_network_learns_discs_in_mixed_precision():
    options = QUICK.changed(head="mask", validation=0.0)
    with mixed_precision():
        segmenter = network("mask")
    training, validation = make_batches(PAIRS, options)
    loss = train_segmenter(segmenter, training, validation, options).history["loss"]
    assert segmenter.layers[1].compute_dtype == "bfloat16"
    assert validation is None and loss[-1] < 0.4 * loss[0]
    assert iou(segmenter, "mask") > 0.9


AVERAGED = QUICK.changed(epochs=8, views_per_pair=5, batch_size=2, averaging=0.5, schedule="cosine")


def trained(folder, extra=()):
    segmenter, (training, validation) = network("instances"), make_batches(PAIRS, AVERAGED)
    best = BestWeights()
    kit = [best, Log(folder / "log.csv"), Checkpoint(folder, parts=[best])]
    history = train_segmenter(segmenter, training, validation, AVERAGED, callbacks=[*extra, *kit])
    return segmenter, history.history, validation


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder, killed = (tmp_path_factory.mktemp("training") / name for name in ("undisturbed", "killed"))
    return *trained(folder, [Snapshot(folder, killed, epoch=5)]), folder, killed


@trains
def test_a_small_network_learns_instances(undisturbed):
    segmenter, history, *_ = undisturbed
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert iou(segmenter, "instances") > 0.9


@trains
def test_the_weights_that_did_best_in_validation_are_kept(undisturbed):
    segmenter, history, validation, *_ = undisturbed
    found = segmenter.evaluate(validation, verbose=0, return_dict=True)
    np.testing.assert_allclose(found["loss"], min(history["val_loss"]), rtol=1e-5)


@trains
def test_a_resumed_training_equals_an_undisturbed_one(undisturbed):
    expected, _, _, folder, killed = undisturbed
    found, history, _ = trained(killed)
    assert len(history["loss"]) == 3
    for a, b in zip(found.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (killed / "log.csv").read_bytes() == (folder / "log.csv").read_bytes()


def test_batches_for_training_and_validation_never_mix():
    seen = []

    def load(item):
        seen.append(item)
        return np.eye(32, dtype=np.float32), np.eye(32, dtype=int)

    options = SegmenterOptions(batch_size=3, crop=16, views_per_pair=2, seed=5)
    training, validation = make_batches(range(10), options, load=load, ahead=0)
    assert len(training) == 6 and len(validation) == 1
    sets = []
    for batches in (training, validation):
        seen.clear()
        shapes = [(x.shape[1:], y.shape[1:]) for epoch in range(2) for x, y in batches]
        assert set(shapes) == {((16, 16, 1), (16, 16, 6))}
        sets.append(set(seen))
    assert sorted(map(len, sets)) == [2, 8] and not set.intersection(*sets)


TWO_OUTPUTS = (("particles", 3, "sigmoid"), ("contact", 1, "sigmoid"))


@pytest.mark.parametrize("wrong", [network("mask"), build("unet", filters=(4, 8), outputs=TWO_OUTPUTS)])
def test_the_network_must_have_the_head(wrong):
    with pytest.raises(OptionsError, match=r"needs a network with the outputs particles \(3 x sigmoid\), not "):
        train_segmenter(wrong, *make_batches(PAIRS, QUICK), QUICK)


@trains
@pytest.mark.parametrize("loss", ["cross_entropy", "dice", "focal"])
def test_the_mask_has_the_loss_that_was_asked_for(loss, monkeypatch):
    options = QUICK.changed(head="mask", loss=loss, batch_size=8, views_per_pair=1, validation=0.0)
    segmenter, (training, _) = network("mask"), make_batches(PAIRS, options)
    monkeypatch.setattr(module, "fit", lambda *arguments, **settings: None)
    train_segmenter(segmenter, training, None, options)
    truth, predicted = training[0][1], probabilities(8, 32, 32, 1)
    chosen = losses.binary_cross_entropy if loss == "cross_entropy" else getattr(losses, loss)
    settings = {"foreground_weight": (truth == 0).sum() / truth.sum()} if loss == "cross_entropy" else {}
    found = segmenter.compute_loss(y=ops.convert_to_tensor(truth), y_pred=ops.convert_to_tensor(predicted))
    assert_close(to_numpy(found), computed(chosen, truth, predicted, **settings).mean())


@pytest.mark.parametrize(
    "wrong", [{"percentiles": (99, 1)}, {"weight_decay": 0.1}, {"foreground_weight": "all"}, {"crop": 4}]
)
def test_options_that_make_no_sense_are_refused(wrong):
    with pytest.raises(OptionsError):
        SegmenterOptions(**wrong)


def test_a_smaller_fraction_is_a_part_of_a_larger_one():
    parts = []
    for fraction in (0.25, 0.5, 1.0):
        options = SegmenterOptions(train_fraction=fraction, views_per_pair=1, validation=0.2)
        training, validation = make_batches(list(range(20)), options, load=lambda item: item)
        parts.append(set(training.items))
        assert len(validation.items) == 4 and not parts[-1] & set(validation.items)
    assert [len(part) for part in parts] == [4, 8, 16] and parts[0] < parts[1] < parts[2]


@pytest.mark.parametrize(
    "options",
    [
        {"schedule": "plateau", "validation": 0.0},
        {"early_stopping": 3, "validation": 0.0},
        {"loss": "batch_dice"},
        {"centred": 0.5},
    ],
)
def test_options_that_do_not_fit_together_are_refused(options):
    with pytest.raises(OptionsError, match=r"need|is for crops"):
        SegmenterOptions(**options)
