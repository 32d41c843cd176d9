"""The probability of grains in the slices of a volume, as a trained network predicts it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from autoseg.errors import ModelError
from autoseg.heads import FOREGROUND
from autoseg.images.polarity import Polarity, Side
from autoseg.microct.foreground import Predict
from autoseg.microct.smoothing import Smoothing
from autoseg.models.folder import load_model
from autoseg.options import Options
from autoseg.segmentation.adaptation import bring_back, prepare
from autoseg.segmentation.predictor import PredictOptions, Predictor
from autoseg.segmentation.segment import AnyModel, Model


class SliceOptions(Options):
    """How a network looks at slices."""

    polarity: Literal["model"] | Side = "model"
    "Whether grains are brighter or darker than what lies around them; model: as the model knows them."
    magnification: float = Field(1.0, gt=0, le=16)
    "Factor by which slices are magnified for the network, which knows grains of certain sizes."
    smoothing: Smoothing = "auto"
    """By how many slices probabilities are smoothed along the volume (a Gaussian's standard deviation), and from 1 on
    grey values before the network sees them, too: it is misled by the noise of each slice anew. auto: as much as
    neighbouring slices tell of each other; 0: not at all."""


def predict_slices(
    model: AnyModel, options: SliceOptions | None = None, predict: PredictOptions | None = None
) -> tuple[Predict, str]:
    """What predicts the probability of grains in a slice (rows, columns), and in words what it is."""
    options = options or SliceOptions()
    loaded = model if isinstance(model, Model) else load_model(model)
    head = loaded.config.head
    if head is None or not head.finds_particles:
        raise ModelError("does not tell where grains are", file=loaded.name, advice="Choose a model of particles.")
    predictor = Predictor(loaded.runnable, predict)
    known = loaded.config.polarity
    asked = known if options.polarity == "model" else Polarity(options.polarity)

    def probability(pixels: np.ndarray) -> np.ndarray:
        field = pixels.astype(np.uint8) if pixels.dtype == bool else pixels
        shown = asked.as_shown_to(known, prepare(field, options.magnification, loaded.config.preprocessing))
        outputs = {name: bring_back(output, field.shape) for name, output in predictor(shown).items()}
        return head.named(outputs)[FOREGROUND]

    return probability, f'the network of the model "{loaded.name}", slice by slice'
