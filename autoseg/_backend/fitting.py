"""What `fit`, checkpoints and resumed trainings need of Keras's internals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autoseg._backend.loading import BACKEND, keras
from autoseg._backend.prediction import to_numpy

if BACKEND == "tensorflow":
    import tensorflow as tf


def stream(batches: keras.utils.PyDataset) -> Any:
    """The batches in the form in which `fit` gets them.

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


def begin_with_epoch(model: keras.Model, epoch: int) -> None:
    """Let the `fit` that is just beginning start with this epoch; to be called when a training begins."""
    model._initial_epoch = epoch  # where `fit` looks once it has called its callbacks


def build_optimizer(model: keras.Model) -> None:
    """Make the variables of a compiled model's optimizer; TensorFlow traces a step twice in which they come into being.

    That would take seconds at the start of every training.
    """
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def training_variables(model: keras.Model) -> list[Any]:
    """What the training of a compiled model is resumed from: its variables, seeds among them, and the optimizer's."""
    build_optimizer(model)
    return [*model.variables, *model.optimizer.variables]


def read_values(variables: Sequence[Any]) -> list[np.ndarray]:
    """The values of variables, copied: the backend may share its memory."""
    return [np.array(to_numpy(variable.value)) for variable in variables]


def assign_values(variables: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    """Give variables these values."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def put_averages_in_place(model: keras.Model) -> None:
    """Where the optimizer averages weights, give the averages to the model."""
    variables = model.trainable_variables
    model.optimizer.finalize_variable_values(variables)
    assign_values(variables, read_values(variables))  # else JAX would give away the memory they share with averages
