"""Models that learn by a step of their own, with several optimizers, written once for all backends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autoseg._backend.fitting import assign_values, read_values
from autoseg._backend.gradients import Loss, ReadThroughScope, Tensor, value_and_gradients
from autoseg._backend.loading import BACKEND, keras, ops
from autoseg._backend.prediction import inference, to_numpy
from autoseg.errors import BackendError


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
            trained = member._trainable_variables
            member.finalize_variable_values(trained)
            assign_values(trained, read_values(trained))  # JAX gives away memory, which averages must not share

    def save_own_variables(self, store: Any) -> None:
        """Nothing, and nothing is loaded: the members are saved as what they are, parts of the group."""

    load_own_variables = save_own_variables


class StepModel(keras.Model):
    """A model that learns by a step of its own, written once for all backends.

    A subclass names what it `reports`, says which sub-models each optimizer `trains`, and writes one `step`, in which
    `self.minimize("critic", loss_fn)` does one update. It is compiled with `{"critic": Adam(), "generator": Adam()}`;
    then `fit` brings progress, callbacks, checkpoints and resume.

    It may also name what it `validates`, and write a `validation_step`: `fit` with data for validation then reports
    `val_NAME` for each, the mean over the batches. Give it `BestWeights`, and averaged weights are validated.
    """

    reports: tuple[str, ...] = ()
    validates: tuple[str, ...] = ()

    def __init__(self, **settings: Any):
        super().__init__(**settings)
        self._means = {name: keras.metrics.Mean(name=name) for name in self.reports}
        self._validated = {name: keras.metrics.Mean(name=f"val_{name}") for name in self.validates}
        self._validates_now = False

    @property
    def metrics(self) -> list[keras.Metric]:
        """The means of what is reported and validated; Keras's own "loss" has no meaning here."""
        return [*self._means.values(), *self._validated.values()]

    def get_metrics_result(self) -> dict[str, Tensor]:
        """What Keras reports after an epoch, or after a validation."""
        return _results(self._validated if self._validates_now else self._means)

    def trains(self) -> dict[str, list[keras.Layer]]:
        """The sub-models that each optimizer trains, by the optimizer's name."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its optimizers train")

    def step(self, batch: Any) -> dict[str, Tensor]:
        """One training step on a batch: the reported scalars by name."""
        raise NotImplementedError(f"{type(self).__name__} has no training step")

    def validation_step(self, batch: Any) -> dict[str, Tensor]:
        """The validated scalars of a batch by name.

        Whatever it assigns to variables is forgotten: seeds of random numbers, too, which are the same for each batch.
        """
        raise NotImplementedError(f"{type(self).__name__} has no validation step")

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
        if BACKEND != "jax":
            return self._reported_step(*arguments)
        kinds = self.trainable_variables, self.non_trainable_variables, self.optimizer.variables, self.metrics_variables
        return _without_state(self._reported_step, kinds, *arguments)

    def test_step(self, *arguments: Any) -> Any:
        """Keras calls this as it does `train_step`; on JAX, the state has no part for the optimizer."""
        if BACKEND != "jax":
            return self._validated_step(*arguments)
        kinds = self.trainable_variables, self.non_trainable_variables, self.metrics_variables
        return _without_state(self._validated_step, kinds, *arguments)

    def evaluate(self, *arguments: Any, **settings: Any) -> Any:
        """As any Keras model does, but with the means of `validates`; `fit` calls this, too."""
        self._validates_now = True
        try:
            return super().evaluate(*arguments, **settings)
        finally:
            self._validates_now = False

    def _reported_step(self, data: Any) -> dict[str, Tensor]:
        batch, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return _updated(self._means, self.step(batch))

    def _validated_step(self, data: Any) -> dict[str, Tensor]:
        batch, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        with ReadThroughScope([]):  # keeps what is assigned away from the variables
            values = self.validation_step(batch)
        return _updated(self._validated, values)

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


def _updated(means: Mapping[str, keras.metrics.Metric], values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The means, once they know the values of one more batch."""
    for name, value in values.items():
        means[name].update_state(value)
    return _results(means)


def _results(means: Mapping[str, keras.metrics.Metric]) -> dict[str, Tensor]:
    return {name: mean.result() for name, mean in means.items()}


def _without_state(
    step: Callable[[Any], Any], kinds: Sequence[Sequence[Any]], state: Sequence[Sequence[Tensor]], data: Any
) -> tuple[Any, Any]:
    """For JAX: `step(data)`, where variables of these kinds have the values in `state`; and the state after it."""
    mapping = [pair for kind, values in zip(kinds, state, strict=True) for pair in zip(kind, values, strict=True)]
    with ReadThroughScope(mapping) as scope:
        logs = step(data)
    return logs, tuple([scope.get_current_value(variable) for variable in kind] for kind in kinds)
