"""Run on one backend, for comparison with the others: `python -m tests.exchange write|read FOLDER`.

`write` saves, for every network, its initial weights, a weights file and what it predicts, and of a small training
the losses and a checkpoint; `read` saves what every network predicts with the weights files that each backend wrote,
and how the training goes on from each checkpoint.
"""

import sys
from pathlib import Path

import numpy as np

from autoseg._backend import BACKEND
from autoseg.backends import TRAINABLE
from tests.networks.cases import CASES, fill_weights, make_input, predict

from .backend.toy_gan import ToyGan, compiled, fit, make_batches

BATCHES, CHECKPOINT = make_batches(6), "gan.weights.h5"


def write(folder):
    own, initial, predictions = folder / BACKEND, {}, {}
    own.mkdir()
    for name, case in CASES.items():
        network = case.build(seed=3)
        initial[name] = np.concatenate([weight.ravel() for weight in network.get_weights()])
        fill_weights(network)
        network.save_weights(own / f"{name}.weights.h5")
        predictions |= {
            f"{name}/{output}": values for output, values in predict(network, make_input(case), compiled=True).items()
        }
    np.savez(own / "initial.npz", **initial)
    np.savez(own / "predictions.npz", **predictions)
    if BACKEND in TRAINABLE:
        gan = compiled(ToyGan())
        np.savez(own / "losses.npz", first=fit(gan, BATCHES, epochs=2))
        gan.save_weights(own / CHECKPOINT)


def read(folder):
    predictions = {}
    for name, case in CASES.items():
        network = case.build(seed=1)
        for path in sorted(folder.glob(f"*/{name}.weights.h5")):
            network.load_weights(path)
            outputs = predict(network, make_input(case), compiled=True)
            predictions |= {f"{path.parent.name}/{name}/{output}": values for output, values in outputs.items()}
    np.savez(folder / BACKEND / "exchanged.npz", **predictions)
    if BACKEND in TRAINABLE:
        losses = {}
        for path in sorted(folder.glob(f"*/{CHECKPOINT}")):
            gan = compiled(ToyGan())
            gan.load_weights(path)
            losses[path.parent.name] = fit(gan, BATCHES)
        np.savez(folder / BACKEND / "resumed.npz", **losses)


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](Path(sys.argv[2]))
