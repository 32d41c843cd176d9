"""Run on one backend, for comparison with the others: `python -m tests.exchange write|read FOLDER`.

`write` saves the losses of a small training and a checkpoint; `read` saves how the training goes on from the checkpoint
of each backend.
"""

import sys
from pathlib import Path

import numpy as np

from autoseg._backend import BACKEND
from autoseg.backends import TRAINABLE

from .backend.toy_gan import ToyGan, compiled, fit, make_batches

BATCHES, CHECKPOINT = make_batches(6), "gan.weights.h5"


def write(folder):
    own = folder / BACKEND
    own.mkdir()
    if BACKEND in TRAINABLE:
        gan = compiled(ToyGan())
        np.savez(own / "losses.npz", first=fit(gan, BATCHES, epochs=2))
        gan.save_weights(own / CHECKPOINT)


def read(folder):
    if BACKEND in TRAINABLE:
        losses = {}
        for path in sorted(folder.glob(f"*/{CHECKPOINT}")):
            gan = compiled(ToyGan())
            gan.load_weights(path)
            losses[path.parent.name] = fit(gan, BATCHES)
        np.savez(folder / BACKEND / "resumed.npz", **losses)


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](Path(sys.argv[2]))
