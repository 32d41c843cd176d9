"""The plateau of a learning rate, with a model that only has one."""

from types import SimpleNamespace

import pytest

from autoseg.errors import OptionsError
from autoseg.training.plateau import Plateau
from tests.marks import trains_once

pytestmark = trains_once  # it only reads and sets a number


def rates(values, plateau):
    """The learning rate after each epoch with these validated values."""
    model = SimpleNamespace(optimizer=SimpleNamespace(learning_rate=1.0))
    plateau.set_model(model)
    found = []
    for epoch, value in enumerate(values):
        plateau.on_epoch_end(epoch, {plateau.monitor: value})
        found.append(model.optimizer.learning_rate)
    return found


def test_the_rate_is_halved_where_nothing_is_gained():
    assert rates([3, 2, 2, 2, 2, 2, 1], Plateau(patience=2)) == [1, 1, 1, 0.5, 0.5, 0.25, 0.25]
    assert rates([0.5, 0.6, 0.60001, 0.5], Plateau("val_iou", "max", patience=2)) == [1, 1, 1, 0.5]


def test_a_resumed_training_knows_how_long_it_waited():
    first, second = Plateau(patience=3), Plateau(patience=3)
    rates([2, 2, 2], first)
    second.restore(first.state())
    assert rates([2], second) == [0.5]


def test_what_is_not_reported_has_no_plateau():
    with pytest.raises(OptionsError, match="val_iou"):
        Plateau("val_iou").on_epoch_end(0, {"loss": 1.0})
