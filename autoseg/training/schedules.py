"""How learning rates change in the course of a training."""

from __future__ import annotations

from typing import Any

from autoseg._backend import keras, ops

Tensor = Any


@keras.saving.register_keras_serializable(package="autoseg")
class LateDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A constant learning rate that falls linearly to zero over the last `part` (0..1) of all `steps`.

    >>> [float(LateDecay(8.0, steps=100, part=0.25)(step)) for step in (0, 75, 90, 100)]
    [8.0, 8.0, 3.2..., 0.0]
    """

    def __init__(self, learning_rate: float, steps: int, part: float):
        self.learning_rate, self.steps, self.part = learning_rate, steps, part

    def __call__(self, step: Any) -> Tensor:
        left = self.steps - ops.cast(step, "float32")
        return self.learning_rate * ops.clip(left / max(1.0, self.part * self.steps), 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        return {"learning_rate": self.learning_rate, "steps": self.steps, "part": self.part}
