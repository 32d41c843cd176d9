"""The one seam between autoseg and TensorFlow, PyTorch, JAX and OpenVINO: whatever differs between them is here.

All other code is written once, with `keras` from this module. Importing it settles the backend for the process.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import numpy as np

from autoseg.backends import TRAINABLE, choose_backend, installed_backends
from autoseg.errors import BackendError

Tensor = Any
Loss = Callable[[], tuple[Tensor, Any]]

_GREETING = re.compile(rb"WARNING: All log messages before absl|[IW]\d{4} ")


@contextmanager
def _without_greeting() -> Iterator[None]:
    """TensorFlow's libraries log while they are loaded, before they heed its log level: such lines are dropped."""
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2") < "2" or sys.stderr is None:
        yield
        return
    with tempfile.TemporaryFile() as said:
        stderr = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            said.seek(0)
            os.write(stderr, b"".join(line for line in said if not _GREETING.match(line)))
            os.close(stderr)


if "keras" not in sys.modules:  # whoever imported Keras before us has chosen
    os.environ["KERAS_BACKEND"] = choose_backend(os.environ, installed_backends())

with _without_greeting():
    import keras

from keras import ops  # noqa: E402

BACKEND: str = keras.backend.backend()

match BACKEND:
    case "tensorflow":
        import tensorflow as tf
    case "torch":
        import torch
    case "jax":
        import jax
    case "openvino":
        import openvino  # would round to bfloat16 where the processor can: results shall not depend on the machine

        openvino.compile_model = partial(openvino.compile_model, config={"INFERENCE_PRECISION_HINT": "f32"})


def value_and_gradients(loss_fn: Loss, variables: Sequence[Any]) -> tuple[Tensor, Any, list[Tensor]]:
    """Loss, auxiliary output and gradients of `loss_fn() -> (loss, aux)`; zeros for a variable without a part in it."""
    values = [variable.value for variable in variables]
    match BACKEND:
        case "tensorflow":
            with tf.GradientTape() as tape:
                loss, aux = loss_fn()
            return loss, aux, tape.gradient(loss, values, unconnected_gradients="zero")
        case "torch":  # autograd.grad leaves no .grad behind that would have to be zeroed
            loss, aux = loss_fn()
            return loss, aux, list(torch.autograd.grad(loss, values, allow_unused=True, materialize_grads=True))
        case "jax":
            return _value_and_gradient(lambda _: loss_fn(), values, variables)
    raise BackendError("OpenVINO predicts but cannot train", advice=f"Set KERAS_BACKEND to {' or '.join(TRAINABLE)}.")


def input_gradient(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The gradient of the sum of `function(x)` with respect to `x`, itself differentiable."""
    match BACKEND:
        case "tensorflow":
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x)
            return tape.gradient(y, x)
        case "torch":
            x = x if x.requires_grad else x.detach().requires_grad_()
            return torch.autograd.grad(function(x).sum(), x, create_graph=True)[0]
        case "jax":
            return _value_and_gradient(lambda x: (ops.sum(function(x)), None), x, [])[2]
    raise BackendError("OpenVINO knows no gradients", advice=f"Set KERAS_BACKEND to {' or '.join(TRAINABLE)}.")


class _Scope(keras.StatelessScope):
    """For JAX: reads through to the scope around it, and remembers which variables were assigned within."""

    def __init__(self, state_mapping: Sequence[tuple[Any, Tensor]]):
        super().__init__(state_mapping, initialize_variables=False)
        self.assigned: dict[int, Any] = {}

    def get_current_value(self, variable: Any) -> Tensor:
        value = super().get_current_value(variable)
        outer = self.original_scope
        return outer.get_current_value(variable) if value is None and outer is not None else value

    def add_update(self, update: tuple[Any, Tensor]) -> None:
        super().add_update(update)
        self.assigned[id(update[0])] = update[0]


def _value_and_gradient(function: Callable, argument: Any, variables: Sequence[Any]) -> tuple[Tensor, Any, Any]:
    """`jax.value_and_grad` at `argument`, the values of `variables`, where `function` assigns to variables."""
    assigned: list[Any] = []

    def pure(argument: Any) -> tuple[Tensor, Any]:
        with _Scope(list(zip(variables, argument, strict=True)) if variables else []) as scope:
            loss, aux = function(argument)
        assigned.extend(scope.assigned.values())  # their values are tracers: they must leave as auxiliary output
        return loss, (aux, [scope.get_current_value(variable) for variable in assigned])

    (loss, (aux, values)), gradient = jax.value_and_grad(pure, has_aux=True)(argument)
    for variable, value in zip(assigned, values, strict=True):
        variable.assign(value)
    return loss, aux, gradient


def devices() -> list[str]:
    """The devices this backend can use, by its own names."""
    match BACKEND:
        case "tensorflow":
            return [device.name.removeprefix("/physical_device:") for device in tf.config.list_physical_devices()]
        case "torch":
            return ["cpu", *(f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count()))]
        case "jax":
            return [f"{device.platform}:{device.id} {device.device_kind}" for device in jax.devices()]
    return list(openvino.Core().available_devices)


@contextmanager
def inference(device: str | None = None) -> Iterator[None]:
    """Calls to networks in this block keep no graph for gradients, and run on `device` ("cpu", "gpu:0") if given."""
    without_graph = torch.no_grad() if BACKEND == "torch" else nullcontext()
    with without_graph, keras.device(device) if device else nullcontext():
        yield


def stream(batches: keras.utils.PyDataset) -> Any:
    """The batches, as `fit` shall take them.

    Left to Keras, TensorFlow tunes how it reads them in a thread that sleeps longer and longer, up to a minute; a
    training that is over would often wait for it to wake up.
    """
    if BACKEND != "tensorflow":
        return batches
    signature = keras.tree.map_structure(lambda array: tf.TensorSpec((None, *array.shape[1:]), array.dtype), batches[0])
    length, options = len(batches), tf.data.Options()
    options.autotune.enabled = False
    dataset = tf.data.Dataset.from_generator(lambda: (batches[i] for i in range(length)), output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(length)).prefetch(1).with_options(options)


def to_numpy(tensor: Tensor) -> np.ndarray:
    """The tensor as a NumPy array; bfloat16, which NumPy does not know, as float32."""
    value = tf.convert_to_tensor(tensor) if BACKEND == "tensorflow" else tensor  # reads variables of several devices
    array = np.asarray(ops.convert_to_numpy(value))
    return array.astype("float32") if array.dtype.name == "bfloat16" else array


class OptimizerGroup(keras.optimizers.Optimizer):
    """Several optimizers, each for its own variables, that Keras sees, saves and schedules as one."""

    def __init__(self, members: Mapping[str, keras.optimizers.Optimizer]):
        super().__init__(learning_rate=0.0, name="optimizer_group")
        self.members = dict(members)
        self.built = True  # StepModel.compile builds the members; Keras would build the group over all variables
        rates = {name: float(to_numpy(member.learning_rate)) for name, member in self.members.items()}
        self._ratios = {name: rate / (next(iter(rates.values())) or 1.0) for name, rate in rates.items()}

    @property
    def variables(self) -> list[Any]:
        return [variable for member in self.members.values() for variable in member.variables]

    @property
    def learning_rate(self) -> Any:
        """That of the first member; setting it scales those of the others by the same factor."""
        return next(iter(self.members.values())).learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        for name, member in self.members.items():
            member.learning_rate = float(rate) * self._ratios[name]

    def finalize_variable_values(self, variables: Sequence[Any]) -> None:
        """At the end of a training: averaged weights take their place, each member's in what it trains."""
        for member in self.members.values():
            member.finalize_variable_values(member._trainable_variables)

    def save_own_variables(self, store: Any) -> None:
        """Nothing, and nothing is loaded: the members are saved as what they are, parts of the group."""

    load_own_variables = save_own_variables


class StepModel(keras.Model):
    """A model that learns by a step of its own, written once for all backends.

    A subclass names what it `reports`, says which sub-models each optimizer `trains`, and writes one `step`, in which
    `self.minimize("critic", loss_fn)` does one update. It is compiled with `{"critic": Adam(), "generator": Adam()}`;
    then `fit` brings progress, callbacks, checkpoints and resume.
    """

    reports: tuple[str, ...] = ()

    def __init__(self, **settings: Any):
        super().__init__(**settings)
        self._means = {name: keras.metrics.Mean(name=name) for name in self.reports}

    @property
    def metrics(self) -> list[keras.Metric]:
        """The epoch's means of what is reported; Keras's own "loss" has no meaning here."""
        return list(self._means.values())

    def trains(self) -> dict[str, list[keras.Layer]]:
        """The sub-models that each optimizer trains, by the optimizer's name."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its optimizers train")

    def step(self, batch: Any) -> dict[str, Tensor]:
        """One training step on a batch: the reported scalars by name."""
        raise NotImplementedError(f"{type(self).__name__} has no training step")

    def compile(self, optimizers: Mapping[str, keras.optimizers.Optimizer], **settings: Any) -> None:
        """Bind an optimizer to each group of sub-models; `settings` go to `keras.Model.compile`."""
        trained = self.trains()
        if optimizers.keys() != trained.keys():
            raise BackendError(f"optimizers are needed for {', '.join(trained)}, not for {', '.join(optimizers)}")
        for name in trained:
            optimizers[name].build(self._trained_by(name))
        super().compile(optimizer=OptimizerGroup(optimizers), **settings)
        self.built = True  # its sub-models are; the model itself is never called

    def minimize(self, optimizer: str, loss_fn: Loss) -> tuple[Tensor, Any]:
        """One update of what `optimizer` trains, down the gradient of `loss_fn() -> (loss, aux)`; returns both."""
        variables = self._trained_by(optimizer)
        loss, aux, gradients = value_and_gradients(loss_fn, variables)
        with inference():
            self.optimizer.members[optimizer].apply(gradients, variables)
        return keras.tree.map_structure(lambda x: None if x is None else ops.stop_gradient(x), (loss, aux))

    def _trained_by(self, optimizer: str) -> list[Any]:
        return [variable for part in self.trains()[optimizer] for variable in part.trainable_variables]

    def train_step(self, *arguments: Any) -> Any:
        """Keras calls this with `(data)`, on JAX with `(state, data)`."""
        return self._stateless_step(*arguments) if BACKEND == "jax" else self._reported_step(*arguments)

    def _reported_step(self, data: Any) -> dict[str, Tensor]:
        batch, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        for name, value in self.step(batch).items():
            self._means[name].update_state(value)
        return self.get_metrics_result()

    def _stateless_step(self, state: Any, data: Any) -> tuple[dict[str, Tensor], Any]:
        kinds = self.trainable_variables, self.non_trainable_variables, self.optimizer.variables, self.metrics_variables
        mapping = [pair for kind, values in zip(kinds, state, strict=True) for pair in zip(kind, values, strict=True)]
        with _Scope(mapping) as scope:
            logs = self._reported_step(data)
        return logs, tuple([scope.get_current_value(variable) for variable in kind] for kind in kinds)

    def _own_state(self) -> list[Any]:
        # Keras leaves the states of random seeds out of weights files; a resumed training would draw other numbers.
        weights = {id(variable) for variable in self.weights}
        seeds = [variable for variable in self.variables if id(variable) not in weights]
        return [*self._trainable_variables, *self._non_trainable_variables, *seeds]

    def save_own_variables(self, store: Any) -> None:
        for i, variable in enumerate(self._own_state()):
            store[str(i)] = variable

    def load_own_variables(self, store: Any) -> None:
        for i, variable in enumerate(self._own_state()):
            variable.assign(store[str(i)])
