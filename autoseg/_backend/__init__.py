"""The only code that knows TensorFlow, PyTorch, JAX and OpenVINO: whatever differs between them is here.

So is whatever uses private attributes of Keras. All other code is written once, with `keras` and `ops` from this
package; importing it settles the backend for the process.
"""

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
