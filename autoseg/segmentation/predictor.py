"""A network on whole images of any size: padded, in tiles where memory is short, on the engine that suits."""

from __future__ import annotations

import logging
from functools import cached_property
from itertools import product
from typing import Annotated, Any, Literal

import numpy as np
import psutil
from pydantic import Field

from autoseg._backend.receptive_field import measure_receptive_field
from autoseg.errors import ImageError, ModelError
from autoseg.images.tiles import Overlap, Tiling, pad_to
from autoseg.options import Options
from autoseg.segmentation.engines import EngineName, Network, Precision, choose_engine

_log = logging.getLogger("autoseg")

FLIPS = list(product((slice(None), slice(None, None, -1)), repeat=2))
"An image as it is, and its flips along columns, rows and both; each undoes itself."

AVAILABLE_SHARE = 0.5
"Of the memory that is free when a prediction begins, how much it may take."


class PredictOptions(Options):
    """How a network is run on an image."""

    engine: EngineName = "auto"
    "auto: OpenVINO on the processor, the backend of Keras on a GPU; backend, openvino: always this one."
    precision: Precision = "float32"
    "bfloat16: twice as fast and a little less exact, by OpenVINO, on processors that compute so."
    device: str | None = None
    'Where the network runs, such as "cpu" or "gpu:0". Not set: where the engine likes.'
    tiles: Literal["auto", "never"] | Annotated[int, Field(ge=16)] = "auto"
    "Edge of the tiles in pixels that an image is cut into; auto: whole images, but tiles where memory is too short."
    overlap: Literal["auto"] | Annotated[int, Field(ge=0)] = "auto"
    "Pixels that neighbouring tiles share at least; auto: twice as far as the network sees, if half a tile allows that."
    join: Literal["auto"] | Overlap = "auto"
    "What counts where tiles overlap; auto: crop where the network sees no further than that, else blend."
    memory_limit: Literal["auto"] | Annotated[float, Field(gt=0)] = "auto"
    "GiB that a prediction may take; auto: half of what is free."
    test_time_augmentation: bool = False
    "Predict the image and its flips, too, and take the mean: four times the work."


class Predictor:
    """Runs a network on images; made once, called for each of them. Options are given as an object, by name, or both.

    >>> from autoseg.networks import build
    >>> predictor = Predictor(build("unet", filters=(4, 8)), test_time_augmentation=True)
    >>> prediction = predictor(np.zeros((37, 50), np.float32))
    >>> prediction["foreground"].shape, prediction["foreground"].dtype
    ((37, 50, 1), dtype('float32'))
    """

    def __init__(self, network: Network, options: PredictOptions | None = None, **changes: Any):
        self.network = network
        self.options = (options or PredictOptions()).changed(**changes)
        self.engine = choose_engine(network, self.options.engine, self.options.precision, self.options.device)
        self._has_warned = False

    def __call__(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """What the network predicts for an image, (rows, columns[, channels]), that is normalised as it expects.

        Returns float32 (rows, columns, channels) for each output by its name, whatever the range of its activation.
        """
        image = self._checked(image)
        if not self.options.test_time_augmentation:
            return self._split(self._predict(image))
        return self._split(np.mean([self._predict(image[flip])[flip] for flip in FLIPS], axis=0))

    @cached_property
    def receptive_field(self) -> int | None:
        """How many pixels to each side the network sees; None if every pixel depends on the whole image."""
        return measure_receptive_field(self.engine.graph)

    def _split(self, stack: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs out of a stack of all their channels."""
        channels = self.network.prediction_channels
        ends = np.cumsum(list(channels.values()))[:-1]
        return dict(zip(channels, np.split(stack, ends, axis=-1), strict=True))

    def _checked(self, image: np.ndarray) -> np.ndarray:
        """The image as float32 with channels."""
        given, channels = np.asarray(image), self.network.input_shape[-1]
        stack = given[..., None] if given.ndim == 2 else given
        if stack.ndim != 3 or stack.shape[-1] != channels or 0 in stack.shape:
            raise ImageError(f"an image for this network is (rows, columns, {channels}), not {given.shape}")
        if given.dtype.kind not in "biuf" or not np.isfinite(given).all():
            raise ImageError("an image for a network consists of finite numbers")
        return stack.astype(np.float32, copy=False)

    def _predict(self, image: np.ndarray) -> np.ndarray:
        rows, columns = image.shape[:2]
        padded = pad_to(image, self._padded(rows), self._padded(columns))
        tiling = self._tiling(padded.shape[0], padded.shape[1])
        if tiling is None:
            prediction = self._run(padded)
        else:
            prediction = tiling.stitch(map(self._run, tiling.stream(padded)), self._join(tiling.overlap))
        return np.ascontiguousarray(prediction[:rows, :columns], np.float32)

    def _run(self, image: np.ndarray) -> np.ndarray:
        """All outputs in one stack, (rows, columns, channels)."""
        outputs = {name: output[0] for name, output in self.engine(image[None]).items()}
        if any(output.ndim != 3 or output.shape[:2] != image.shape[:2] for output in outputs.values()):
            raise ModelError(f'the network "{self.network.name}" does not predict each pixel of an image')
        return np.concatenate(list(outputs.values()), axis=-1) if len(outputs) > 1 else next(iter(outputs.values()))

    def _padded(self, length: int) -> int:
        """The least length the network takes; reflections within it need two elements of its coarsest level."""
        multiple = self.network.size_multiple
        return max(length + -length % multiple, 2 * multiple)

    def _tiling(self, rows: int, columns: int) -> Tiling | None:
        """How an image of this padded size is cut; None if it is not."""
        tile = self.options.tiles
        if tile == "auto":
            limit, needed = self._memory_limit(), self.engine.estimate_memory(rows, columns)
            if needed <= limit:
                return None
            tile = self._largest_tile(rows, columns, limit)
            self._warn(rows, columns, tile, needed, limit)
        elif tile == "never":
            return None
        height, width = min(self._padded(tile), rows), min(self._padded(tile), columns)
        if (height, width) == (rows, columns):
            return None
        multiple = self.network.size_multiple
        return Tiling((rows, columns), (height, width), self._overlap(min(height, width)), multiple)

    def _overlap(self, tile: int) -> int:
        """Pixels that tiles of this edge share, a multiple of the network's, as tiles begin at such multiples."""
        multiple = self.network.size_multiple
        if self.options.overlap != "auto":
            wanted = self.options.overlap
            return wanted + -wanted % multiple
        half = tile // 2 // multiple * multiple
        return half if self.receptive_field is None else min(half, self._seen())

    def _seen(self) -> int:
        """Twice the receptive field, as a multiple of the network's: so much overlap hides all seams of crops."""
        multiple, field = self.network.size_multiple, self.receptive_field or 0
        return 2 * field + -2 * field % multiple

    def _join(self, overlap: int) -> Overlap:
        if self.options.join != "auto":
            return self.options.join
        return "crop" if self.receptive_field is not None and overlap >= 2 * self.receptive_field else "blend"

    def _memory_limit(self) -> float:
        """In bytes."""
        if self.options.memory_limit != "auto":
            return self.options.memory_limit * 2**30
        return AVAILABLE_SHARE * psutil.virtual_memory().available

    def _largest_tile(self, rows: int, columns: int, limit: float) -> int:
        """The edge of the largest tile within the limit; but not of one so small that it is mostly overlap."""
        multiple = self.network.size_multiple
        least = self._padded(2 * self._seen())
        for tile in range(self._padded(max(rows, columns)), least, -multiple):
            if self.engine.estimate_memory(min(tile, rows), min(tile, columns)) <= limit:
                return tile
        return least

    def _warn(self, rows: int, columns: int, tile: int, needed: float, limit: float) -> None:
        """Once, as a whole folder of such images may follow."""
        if not self._has_warned:
            _log.warning(
                "An image of %d x %d pixels needs about %.1f GiB of memory, more than the limit of %.1f GiB: "
                "it is predicted in tiles of %d pixels, as are others that need too much.",
                rows, columns, needed / 2**30, limit / 2**30, tile,
            )  # fmt: skip
        self._has_warned = True
