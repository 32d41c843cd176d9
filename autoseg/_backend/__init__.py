"""The only code that knows TensorFlow, PyTorch, JAX and OpenVINO: whatever differs between them is here.

So is whatever uses private attributes of Keras. All other code is written once, with `keras` and `ops` from this
package; the first of these names that is imported settles the backend for the process, and imports Keras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autoseg.lazy import lazily

if TYPE_CHECKING:
    from autoseg._backend.gradients import input_gradient, value_and_gradients
    from autoseg._backend.loading import BACKEND, keras, ops
    from autoseg._backend.prediction import devices, inference, to_numpy
    from autoseg._backend.step_model import OptimizerGroup, StepModel

__all__ = [
    "BACKEND",
    "OptimizerGroup",
    "StepModel",
    "devices",
    "inference",
    "input_gradient",
    "keras",
    "ops",
    "to_numpy",
    "value_and_gradients",
]

__getattr__ = lazily(
    __name__,
    dict.fromkeys(("BACKEND", "keras", "ops"), "autoseg._backend.loading")
    | dict.fromkeys(("input_gradient", "value_and_gradients"), "autoseg._backend.gradients")
    | dict.fromkeys(("devices", "inference", "to_numpy"), "autoseg._backend.prediction")
    | dict.fromkeys(("OptimizerGroup", "StepModel"), "autoseg._backend.step_model"),
)
