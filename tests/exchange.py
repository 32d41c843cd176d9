"""Run on one backend, for comparison with the others: `python -m tests.exchange FOLDER`; see `tests.processes`.

First it saves, for every network, its initial weights, a weights file and what it predicts, and of a small training
the losses and a checkpoint, and says so. Once it is told that the others have done the same, it saves what every
network predicts with the weights files that each backend wrote, and how the training goes on from each checkpoint.
"""

import sys
from pathlib import Path

import numpy as np

from autoseg._backend import BACKEND, ops, to_numpy
from autoseg.backends import TRAINABLE
from tests.networks.cases import CASES, fill_weights, make_input, predict

from .backend.toy_gan import ToyGan, compiled, fit, make_batches

BATCHES, CHECKPOINT = make_batches(6), "gan.weights.h5"


def predictions_of(networks, prefix=""):
    return {
        f"{prefix}{name}/{output}": values
        for name, network in networks.items()
        for output, values in predict(network, make_input(CASES[name]), compiled=True).items()
    }


def write(own, networks, gan):
    # Joined before they are read: OpenVINO would compile each of them.
    initial = {name: ops.concatenate([*map(ops.ravel, network.weights)]) for name, network in networks.items()}
    np.savez(own / "initial.npz", **{name: to_numpy(weights) for name, weights in initial.items()})
    for name, network in networks.items():
        fill_weights(network).save_weights(own / f"{name}.weights.h5")
    np.savez(own / "predictions.npz", **predictions_of(networks))
    if gan is not None:
        np.savez(own / "losses.npz", first=fit(gan, BATCHES, epochs=2))
        gan.save_weights(own / CHECKPOINT)


def read(own, networks, gan):
    """Into what is compiled already, but has other weights and another state each time."""
    predictions, losses = {}, {}
    for writer in sorted(path for path in own.parent.iterdir() if path.is_dir()):
        for name, network in networks.items():
            fill_weights(network, seed=1).load_weights(writer / f"{name}.weights.h5")
        predictions |= predictions_of(networks, prefix=f"{writer.name}/")
        if gan is not None and (writer / CHECKPOINT).exists():
            gan.load_weights(writer / CHECKPOINT)
            losses[writer.name] = fit(gan, BATCHES)
    np.savez(own / "exchanged.npz", **predictions)
    np.savez(own / "resumed.npz", **losses)


def main(folder):
    own = folder / BACKEND
    own.mkdir()
    networks = {name: case.build(seed=3) for name, case in CASES.items()}
    gan = compiled(ToyGan()) if BACKEND in TRAINABLE else None
    write(own, networks, gan)
    print("written", flush=True)
    sys.stdin.readline()
    read(own, networks, gan)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
