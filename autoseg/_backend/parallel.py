"""One training on several devices, which every backend does in a way of its own.

Each device holds the whole model, and learns from its own share of every batch; gradients are averaged over all
devices. So two devices with batches of n learn as one does with batches of 2n, where samples do not mix:

- JAX sees one program and one batch, cut by the compiler. Whatever mixes samples does so over the whole batch:
  batch normalization and the pool of a cycleGAN are exactly those of one device.
- TensorFlow (its `MirroredStrategy`) and PyTorch (a process per device) normalize each share by itself, as is usual;
  the moving averages, with which the network predicts, are averaged over the devices at the end of every epoch. Each
  device has a pool of its own, of which checkpoints hold the first one's.

Random numbers differ from device to device and follow from the seed and the number of devices.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from autoseg._backend import BACKEND, StepModel, keras, ops, to_numpy
from autoseg.backends import TRAINABLE
from autoseg.errors import AutosegError, BackendError

Tensor = Any

match BACKEND:
    case "tensorflow":
        import tensorflow as tf
    case "torch":
        import torch
        import torch.distributed
        import torch.multiprocessing

_STRIDE = 0x9E3779B9  # seeds of neighbouring devices are this far apart, modulo 2 ** 31
_MOVING_AVERAGES = ("moving_mean", "moving_variance")


def train_on(devices: int | None, function: Callable[..., Any], *arguments: Any) -> None:
    """Call `function(*arguments)`, which builds a model, trains it by `fit` and saves it, on so many devices.

    On one (1, 0 or None) it is simply called. On several, the model and its `Batches` have to be made within it.
    PyTorch calls it in a new process for each device: `function` must then be importable and `arguments`, of which
    it gets copies, picklable; a script needs its `if __name__ == "__main__":`; and what must happen only once
    belongs behind `if is_first():`.
    """
    if BACKEND not in TRAINABLE:
        raise BackendError(
            f"{BACKEND} predicts but cannot train", advice=f"Set KERAS_BACKEND to {' or '.join(TRAINABLE)}."
        )
    devices = devices or 1
    usable = usable_devices()
    if not 1 <= devices <= len(usable):
        raise BackendError(
            f"cannot train on {devices} devices: {BACKEND} has {len(usable)} ({usable[0].partition(':')[0].upper()})",
            advice=f'Set "devices" to {len(usable)} or less.',
        )
    if devices == 1:
        function(*arguments)
    elif BACKEND == "torch":
        _call_in_processes(devices, function, arguments)
    else:
        with _strategy(usable[:devices]):
            function(*arguments)


def usable_devices() -> list[str]:
    """The devices that can share a training: all GPUs, or else, if there are none, the processors.

    TensorFlow and JAX know one processor, unless they are told to split it; PyTorch may use each core by itself.
    """
    match BACKEND:
        case "tensorflow":
            found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
            return [device.name.removeprefix("/device:") for device in found]
        case "torch":
            kind = ops.zeros(()).device.type
            count = {"cuda": torch.cuda.device_count(), "cpu": os.cpu_count() or 1}.get(kind, 1)
            return [f"{kind}:{i}" for i in range(count)]
    return keras.distribution.list_devices()


def device_count() -> int:
    """How many devices share the batches of a training that begins here."""
    match BACKEND:
        case "tensorflow":
            return tf.distribute.get_strategy().num_replicas_in_sync
        case "torch":
            return torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
        case "jax":
            distribution = keras.distribution.distribution()
            return 1 if distribution is None else distribution.device_mesh.devices.size
    return 1


def own_share() -> tuple[int, int]:
    """Which share of a batch this process has to make, and of how many: (0, 1) where one process serves all devices."""
    if BACKEND == "torch" and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


def is_first() -> bool:
    """Whether this process is the one that writes files and shows progress."""
    return own_share()[0] == 0


@contextmanager
def in_step(model: keras.Model) -> Iterator[list[keras.callbacks.Callback]]:
    """While `model` trains in this block, with these callbacks before all others, its devices learn as one."""
    if BACKEND == "jax" or device_count() == 1:
        yield []
        return
    together = isinstance(model, StepModel)
    optimizers = list(model.optimizer.members.values()) if together else [model.optimizer]
    if BACKEND == "tensorflow" and not together:
        optimizers = []  # Keras has divided the loss by the number of devices
    for optimizer in optimizers:
        optimizer.apply = partial(_apply_averaged, optimizer.apply)
    try:
        yield [_InStep()]
        if BACKEND == "torch":
            torch.distributed.barrier()  # what the first process has written is there for all
    finally:
        for optimizer in optimizers:
            del optimizer.apply


def _apply_averaged(apply: Callable[..., None], gradients: Sequence[Tensor], *arguments: Any) -> None:
    """What is applied is the mean over the devices of those gradients that there are."""
    present = [gradient for gradient in gradients if gradient is not None]
    if BACKEND == "torch":  # all at once: a message costs more than its length
        sums = torch.cat([gradient.reshape(-1) for gradient in present])
        torch.distributed.all_reduce(sums)
        parts = sums.split([gradient.numel() for gradient in present])
        present = [part.view(gradient.shape) for part, gradient in zip(parts, present, strict=True)]
    means = iter([gradient / device_count() for gradient in present])  # TensorFlow's optimizers add them up
    apply([None if gradient is None else next(means) for gradient in gradients], *arguments)


class _InStep(keras.callbacks.Callback):
    """Lets all devices begin with the same model and end an epoch with the same, and report what all have seen."""

    def on_train_begin(self, logs: Any = None) -> None:
        self._begun = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self._begun:
            return
        self._begun = True  # not sooner: now checkpoints are restored
        variables, weights = self.model.variables, {id(weight) for weight in self.model.weights}
        if BACKEND == "torch":
            for variable in [*variables, *self.model.optimizer.variables]:
                torch.distributed.broadcast(variable.value.data, src=0)
        for variable in variables:
            if id(variable) not in weights:
                _part_seeds(variable)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        # Scores are no means: they follow from what all devices have counted. TensorFlow's metrics are of all already.
        if BACKEND == "torch" and batch + 1 == self.params["steps"]:
            for variable in self.model.metrics_variables:
                torch.distributed.all_reduce(variable.value.data)

    def on_test_begin(self, logs: Any = None) -> None:
        _average([variable for variable in self.model.weights if variable.name in _MOVING_AVERAGES])

    def on_test_end(self, logs: Any = None) -> None:
        _average_logs(logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.on_test_begin()
        _average_logs(logs)


def _part_seeds(state: Any) -> None:
    """Every device draws from a seed of its own; that of the first remains, so that checkpoints hold it."""

    def moved(device: int) -> Any:
        seed = to_numpy(state.value).copy()
        seed[0] = (int(seed[0]) + device * _STRIDE) % 2**31 if device else seed[0]
        return seed

    if BACKEND == "torch":
        state.assign(moved(torch.distributed.get_rank()))
        return
    for device, copy in reversed(list(enumerate(state.value.values))):  # the first one's is what is read
        copy.assign(moved(device))


def _average(variables: Sequence[Any]) -> None:
    for variable in variables:
        if BACKEND == "torch":
            torch.distributed.all_reduce(variable.value.data)
            variable.assign(variable.value / device_count())
        else:
            variable.assign(to_numpy(variable.value))  # which reads the mean


def _average_logs(logs: dict[str, float]) -> None:
    if BACKEND == "torch" and logs:  # TensorFlow's metrics are already those of all devices
        values = torch.tensor(list(logs.values()), dtype=torch.float64, device=ops.zeros(()).device)
        torch.distributed.all_reduce(values)
        logs.update(zip(logs, (values / device_count()).tolist(), strict=True))


@contextmanager
def _strategy(devices: Sequence[str]) -> Iterator[None]:
    """What is built in this block is trained on these devices of TensorFlow or JAX."""
    if BACKEND == "jax":
        with keras.distribution.DataParallel(devices=list(devices)).scope():
            yield
        return
    with tf.distribute.MirroredStrategy(list(devices)).scope(), tf.variable_creator_scope(_create_variable):
        yield


def _create_variable(create: Callable[..., Any], **settings: Any) -> Any:
    """State that devices change by themselves is one variable each; TensorFlow allows no other, Keras asks for none."""
    if not settings["trainable"] and settings["aggregation"] == tf.VariableAggregation.NONE:
        mean = settings["name"] in _MOVING_AVERAGES
        settings["aggregation"] = getattr(tf.VariableAggregation, "MEAN" if mean else "ONLY_FIRST_REPLICA")
        settings["synchronization"] = tf.VariableSynchronization.ON_READ
    return create(**settings)


def _call_in_processes(devices: int, function: Callable[..., Any], arguments: Sequence[Any]) -> None:
    os.environ["KERAS_BACKEND"] = BACKEND  # where Keras was imported first, its own settings have chosen
    errors = torch.multiprocessing.get_context("spawn").SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        call = (devices, str(Path(folder, "meeting")), errors, function, arguments)
        try:
            torch.multiprocessing.spawn(_call_on_device, args=call, nprocs=devices)
        except torch.multiprocessing.ProcessRaisedException:
            if errors.empty():
                raise
            raise errors.get() from None
        except torch.multiprocessing.ProcessExitedException as error:
            raise BackendError(f"a training stopped: {error}", advice="Is there enough memory?") from None


def _call_on_device(
    rank: int, devices: int, meeting: str, errors: Any, function: Callable[..., Any], arguments: Sequence[Any]
) -> None:
    """The work of one process, which ends with it."""
    gpus = torch.cuda.is_available()
    if gpus:
        torch.cuda.set_device(rank)
    else:
        torch.set_num_threads(max(1, torch.get_num_threads() // devices))
    store = torch.distributed.FileStore(meeting, devices)
    torch.distributed.init_process_group("nccl" if gpus else "gloo", store=store, rank=rank, world_size=devices)
    try:
        function(*arguments)
    except AutosegError as error:
        errors.put(error)
        raise
    torch.distributed.destroy_process_group()
