"""Callbacks that make a training resumable, and tell how it goes."""

from __future__ import annotations

import csv
import os
import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import imageio.v3 as imageio
import numpy as np
from tqdm import tqdm

from autoseg._backend import keras, to_numpy
from autoseg._backend.fitting import (
    assign_values,
    begin_with_epoch,
    put_averages_in_place,
    read_values,
    training_variables,
)
from autoseg._backend.parallel import is_first
from autoseg.errors import ImageError, ModelError, OptionsError
from autoseg.files import written_whole

State = dict[str, np.ndarray]

CHECKPOINT = "checkpoint.npz"


class Resumable(Protocol):
    """A callback whose state belongs in a checkpoint."""

    def state(self) -> State:
        """What a resumed training needs to know."""

    def restore(self, state: State) -> None:
        """Go on from this state."""


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the epoch that did best in validation, and puts them in place when the training ends.

    Where the optimizer averages weights, the averages are validated and kept. `monitor` is a name in the report of
    the validation. Give it to `Checkpoint` as well, and it survives a resume.
    """

    def __init__(self, monitor: str = "loss", mode: Literal["min", "max"] = "min"):
        super().__init__()
        self.monitor, self._sign = monitor, 1 if mode == "min" else -1
        self.value = np.inf * self._sign
        "The best value so far."
        self._best: list[np.ndarray] = []
        self._trained: list[np.ndarray] = []

    def on_test_begin(self, logs: Any = None) -> None:
        """Put the averaged weights in place."""
        self._trained = read_values(self.model.trainable_variables)
        put_averages_in_place(self.model)

    def on_test_end(self, logs: Any = None) -> None:
        """Keep what was validated if it is the best so far, and go back to what is trained."""
        if self.monitor not in logs:
            raise OptionsError(f'a validation of {", ".join(logs)} tells nothing of "{self.monitor}"')
        value = float(logs[self.monitor])
        if value * self._sign < self.value * self._sign:
            self.value, self._best = value, read_values(self.model.weights)
        assign_values(self.model.trainable_variables, self._trained)

    def on_train_end(self, logs: Any = None) -> None:
        """Put the best weights in place."""
        if self._best:
            assign_values(self.model.weights, self._best)

    def state(self) -> State:
        """What a resumed training needs to know."""
        return {"value": np.array(self.value), **_numbered(self._best)}

    def restore(self, state: State) -> None:
        """Go on from this state."""
        self.value = float(state["value"])
        self._best = _unnumbered(state)


class Patience(keras.callbacks.Callback):
    """Lowers the learning rate, or ends the training, after epochs whose validation was not the best so far.

    The rate is multiplied by `factor` after every `lower_after` such epochs in a row, unless `factor` is 1, and after
    `stop_after` of them the training ends, unless that is 0. Give it to `Checkpoint` as well, and it survives a resume.
    """

    def __init__(
        self, monitor: str, mode: Literal["min", "max"], factor: float = 1.0, lower_after: int = 2, stop_after: int = 0
    ):
        super().__init__()
        self.monitor, self._sign = monitor, 1 if mode == "min" else -1
        self.factor, self.lower_after, self.stop_after = factor, lower_after, stop_after
        self.value, self.waited = np.inf * self._sign, 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Count, and do what is due."""
        value = float(logs[f"val_{self.monitor}"])
        if value * self._sign < self.value * self._sign:
            self.value, self.waited = value, 0
            return
        self.waited += 1
        if self.factor != 1 and self.waited % self.lower_after == 0:
            rate = float(to_numpy(self.model.optimizer.learning_rate))
            self.model.optimizer.learning_rate = rate * self.factor
        if self.stop_after and self.waited >= self.stop_after:
            self.model.stop_training = True

    def state(self) -> State:
        """What a resumed training needs to know."""
        return {"value": np.array(self.value), "waited": np.array(self.waited)}

    def restore(self, state: State) -> None:
        """Go on from this state."""
        self.value, self.waited = float(state["value"]), int(state["waited"])


class Checkpoint(keras.callbacks.Callback):
    """Saves a training after every `every_epochs` epochs in one file, and goes on from there when it begins anew.

    The file is replaced when the next one is complete; so the process may be killed at any moment. It holds all
    variables of the model and its optimizer, the seeds of random layers among them, and the state of those callbacks
    in `parts`. Works for any compiled model; put it last, for what other callbacks do at the end of an epoch is done
    again where it comes after this one.
    """

    def __init__(self, folder: str | os.PathLike[str], every_epochs: int = 1, parts: Sequence[Resumable] = ()):
        super().__init__()
        self.path, self.every_epochs, self.parts = Path(folder) / CHECKPOINT, every_epochs, parts

    def on_train_begin(self, logs: Any = None) -> None:
        """Go on from the checkpoint, if there is one."""
        if is_first():
            for leftover in self.path.parent.glob(".partial-*"):  # of a process that was killed while it wrote
                shutil.rmtree(leftover)
        epoch = self._restore() if self.path.is_file() else 0
        begin_with_epoch(self.model, epoch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save if it is time to."""
        if is_first() and ((epoch + 1) % self.every_epochs == 0 or epoch + 1 == self.params["epochs"]):
            groups = {"model": _numbered(read_values(training_variables(self.model))), **self._part_states()}
            arrays: dict[str, Any] = {"epoch": np.array(epoch + 1)}
            for group, state in groups.items():
                arrays |= {f"{group}/{name}": array for name, array in state.items()}
            with written_whole(self.path) as partial:
                np.savez(partial, **arrays)

    def _part_states(self) -> dict[str, State]:
        return {f"part{i}": part.state() for i, part in enumerate(self.parts)}

    def _restore(self) -> int:
        """Restore everything; returns the epoch to begin with."""
        variables = training_variables(self.model)
        try:
            with np.load(self.path) as file:
                groups: dict[str, State] = {}
                for name in file:
                    group, _, key = name.rpartition("/")
                    groups.setdefault(group, {})[key] = file[name]
            saved = _unnumbered(groups["model"])
            if [array.shape for array in saved] != [tuple(variable.shape) for variable in variables]:
                raise ValueError("it is of another network or optimizer")
            assign_values(variables, saved)
            for i, part in enumerate(self.parts):
                part.restore(groups[f"part{i}"])
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise ModelError(
                f"cannot be used to go on with this training: {error}",
                file=self.path,
                advice="Delete it to begin anew.",
            ) from None
        return int(groups[""]["epoch"])


class Log(keras.callbacks.Callback):
    """Writes a CSV file with a row for each epoch: its number, what `fit` reports, and the learning rate.

    A resumed training goes on where it begins: rows of epochs that are trained again are replaced.
    """

    def __init__(self, path: str | os.PathLike[str]):
        super().__init__()
        self.path = Path(path)
        self._rows: list[dict[str, Any]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Take over the rows of an earlier training."""
        self._rows = []
        if self.path.is_file():
            with self.path.open(newline="", encoding="utf-8") as file:
                self._rows = list(csv.DictReader(file))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Drop the rows of epochs that are trained again."""
        self._rows = [row for row in self._rows if int(row["epoch"]) < epoch]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Add a row. The file is written whole each time: no process that is killed leaves half a line."""
        logs["learning_rate"] = float(to_numpy(self.model.optimizer.learning_rate))
        self._rows.append({"epoch": epoch, **logs})
        if not is_first():
            return
        with written_whole(self.path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(name for row in self._rows for name in row)))
            writer.writeheader()
            writer.writerows(self._rows)


class SamplePictures(keras.callbacks.Callback):
    """Writes what `draw()` shows, (height, width[, 3]) of uint8, as a PNG file after every `every` epochs."""

    def __init__(self, folder: str | os.PathLike[str], draw: Callable[[], np.ndarray], every: int = 1):
        super().__init__()
        self.folder, self.draw, self.every = Path(folder), draw, every

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Draw and write if it is time to."""
        if (epoch + 1) % self.every or not is_first():
            return
        picture = self.draw()
        if picture.dtype != np.uint8:
            raise ImageError(f"a sample picture has values of uint8, not {picture.dtype}")
        with written_whole(self.folder / f"epoch_{epoch + 1:04d}.png") as partial:
            imageio.imwrite(partial, picture)


class Progress(keras.callbacks.Callback):
    """One bar for the whole training, with the time left and the last epoch's report; silent where nobody watches."""

    _bar: Any = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Open the bar where the training begins: a resumed one not at zero."""
        epochs, steps = self.params["epochs"], self.params["steps"]
        if self._bar is None:
            quiet = None if is_first() else True  # None: where nobody watches
            self._bar = tqdm(total=epochs * steps, initial=epoch * steps, unit="step", disable=quiet)
        self._bar.set_description(f"epoch {epoch + 1}/{epochs}", refresh=False)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """One step more."""
        self._bar.update()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Show the report."""
        self._bar.set_postfix({name: f"{value:.4g}" for name, value in logs.items()})

    def on_train_end(self, logs: Any = None) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _numbered(arrays: Sequence[np.ndarray]) -> State:
    return {str(i): array for i, array in enumerate(arrays)}


def _unnumbered(state: State) -> list[np.ndarray]:
    return [state[str(i)] for i in range(sum(name.isdigit() for name in state))]
