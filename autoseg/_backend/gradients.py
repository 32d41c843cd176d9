"""Gradients: the same call on TensorFlow, PyTorch and JAX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autoseg._backend.loading import BACKEND, keras, ops
from autoseg.backends import TRAINABLE
from autoseg.errors import BackendError

Tensor = Any
Loss = Callable[[], tuple[Tensor, Any]]

match BACKEND:
    case "tensorflow":
        import tensorflow as tf
    case "torch":
        import torch
    case "jax":
        import jax


def value_and_gradients(loss_fn: Loss, variables: Sequence[Any]) -> tuple[Tensor, Any, list[Tensor]]:
    """Loss, auxiliary output and gradients of `loss_fn() -> (loss, aux)`; zeros for a variable it does not use."""
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
            with torch.enable_grad():  # which Keras switches off while it validates
                x = x if x.requires_grad else x.detach().requires_grad_()
                return torch.autograd.grad(function(x).sum(), x, create_graph=True)[0]
        case "jax":
            return _value_and_gradient(lambda x: (ops.sum(function(x)), None), x, [])[2]
    raise BackendError("OpenVINO knows no gradients", advice=f"Set KERAS_BACKEND to {' or '.join(TRAINABLE)}.")


class ReadThroughScope(keras.StatelessScope):
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
        with ReadThroughScope(list(zip(variables, argument, strict=True)) if variables else []) as scope:
            loss, aux = function(argument)
        assigned.extend(scope.assigned.values())  # their values are tracers: they must leave as auxiliary output
        return loss, (aux, [scope.get_current_value(variable) for variable in assigned])

    (loss, (aux, values)), gradient = jax.value_and_grad(pure, has_aux=True)(argument)
    for variable, value in zip(assigned, values, strict=True):
        variable.assign(value)
    return loss, aux, gradient
