"""Stages small enough to watch: numbers are drawn, doubled and summed, in files."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from autoseg.errors import AutosegError
from autoseg.stages.stage import Outputs, Stage


class Numbers(Outputs):
    file: Path
    count: int


class Sum(Outputs):
    total: float


def remember(folder, name):
    """Count the runs of a stage beside its folder, where no run of it clears them away."""
    with (folder.parent / "history.txt").open("a") as history:
        history.write(f"{name}\n")


def history(folder):
    """The stages that have run since it was asked last, in their order."""
    path = folder / "history.txt"
    names = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return names


class Draw(Stage):
    count: int = 3
    start: Path | None = None

    def sources(self):
        return [self.start] if self.start else []

    def run(self, folder: Path, rng: np.random.Generator) -> Numbers:
        remember(folder, self.name)
        first = [float(self.start.read_text())] if self.start else []
        np.save(folder / "numbers.npy", [*first, *rng.random(self.count)])
        return Numbers(file=Path("numbers.npy"), count=self.count)


class Double(Stage):
    """Doubles one number after the other and can be interrupted, by an error or for good, after some of them."""

    factor: float = 2.0

    def run(self, folder: Path, rng: np.random.Generator, *, draw: Numbers) -> Numbers:
        remember(folder, self.name)
        for i, number in enumerate(np.load(draw.file)):
            if (folder / f"{i}.txt").exists():
                continue
            (folder / f"{i}.txt").write_text(str(self.factor * number))
            interrupt(folder, i)
        return Numbers(file=Path(), count=draw.count)


class AddUp(Stage):
    offset: float = 0.0

    def run(self, folder: Path, rng: np.random.Generator, *, double: Numbers, draw: Numbers) -> Sum:
        remember(folder, self.name)
        total = sum(float(path.read_text()) for path in sorted(double.file.glob("[0-9].txt")))
        return Sum(total=total + self.offset + draw.count)


def interrupt(folder, step):
    """As the file `interrupt` beside the stage's folder says: "STEP error|crash|kill|wait"."""
    order = folder.parent / "interrupt"
    when, _, how = order.read_text().partition(" ") if order.exists() else ("", "", "")
    if when != str(step):
        return
    match how:
        case "error":
            raise AutosegError("the numbers are too large", file="numbers.npy", advice="Draw smaller ones.")
        case "crash":
            raise ZeroDivisionError("not foreseen")
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "wait":
            (folder.parent / "waiting").touch()
            time.sleep(60)
