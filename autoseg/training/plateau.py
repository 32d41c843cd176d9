"""A learning rate that is halved whenever the validation stops to become better; a resumed training knows when."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from autoseg._backend import keras, to_numpy
from autoseg.errors import OptionsError
from autoseg.training.callbacks import State


class Plateau(keras.callbacks.Callback):
    """Halves the learning rate after `patience` epochs without a gain; give it to `Checkpoint` as well.

    A gain is one of more than a ten-thousandth of the best value of `monitor`, a name in the report of an epoch.
    """

    def __init__(self, monitor: str = "val_loss", mode: Literal["min", "max"] = "min", patience: int = 11):
        super().__init__()
        self.monitor, self.patience, self._sign = monitor, patience, 1 if mode == "min" else -1
        self.best, self.waited = np.inf * self._sign, 0
        self.factor, self.least, self.gain = 0.5, 1e-6, 1e-4

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compare, and halve if it is time to."""
        if self.monitor not in logs:
            raise OptionsError(f'a training that reports {", ".join(logs)} has no plateau of "{self.monitor}"')
        value = float(logs[self.monitor])
        if self._sign * (self.best - value) > self.gain * abs(self.best) or np.isinf(self.best):
            self.best, self.waited = value, 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            rate = float(to_numpy(self.model.optimizer.learning_rate))
            self.model.optimizer.learning_rate = max(self.factor * rate, self.least)
            self.waited = 0

    def state(self) -> State:
        """What a resumed training needs to know."""
        return {"best": np.array(self.best), "waited": np.array(self.waited)}

    def restore(self, state: State) -> None:
        """Go on from this state."""
        self.best, self.waited = float(state["best"]), int(state["waited"])
