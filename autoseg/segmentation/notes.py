"""What is told of a single image, where it was not shown to the network as it is, or shows what that does not know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from autoseg.images.polarity import Polarity
from autoseg.images.segmentation import count_pixels
from autoseg.segmentation.adaptation import Adaptation
from autoseg.segmentation.candidates import typical_diameter

if TYPE_CHECKING:
    from autoseg.segmentation.options import SegmentOptions

TOLERANCE = 1.5
"Typical diameters may be so much beyond those that the model was trained on before a note tells of it."


def describe_adaptation(adaptation: Adaptation, asked: SegmentOptions, known: Polarity) -> Iterator[str]:
    """What was decided for this image alone, and is not as a model that knows this polarity would have it anyway.

    >>> from autoseg.segmentation.options import SegmentOptions
    >>> list(describe_adaptation(Adaptation(Polarity.DARK), SegmentOptions(), Polarity.BRIGHT))
    ['Particles were found to be dark: the network saw the image inverted.']
    """
    if asked.polarity == "auto" and adaptation.polarity != known:
        yield f"Particles were found to be {adaptation.polarity}: the network saw the image inverted."
    if asked.magnification == "auto" and adaptation.magnification > 1:
        factor = adaptation.magnification
        yield f"For the sizes of its particles, the network saw the image magnified by {factor:g}."


def describe_drawn(regions: int) -> Iterator[str]:
    """That so many regions are letters, or a scale bar.

    >>> list(describe_drawn(1))
    ['What is drawn into the image is left out: 1 region of letters or scale bars.']
    """
    if regions:
        what = "1 region" if regions == 1 else f"{regions} regions"
        yield f"What is drawn into the image is left out: {what} of letters or scale bars."


def describe_blocks(edge: int) -> Iterator[str]:
    """What is different where an image was segmented in blocks of this edge.

    >>> [note.split(":")[0] for note in describe_blocks(2000)]
    ['The image was segmented in blocks of 2000 pixels to spare memory']
    """
    yield (
        f"The image was segmented in blocks of {edge} pixels to spare memory: there is no file of probabilities, which "
        "would be larger than all others, and letters and scale bars in the image were not looked for."
    )


def describe_sizes(labels: np.ndarray, known: tuple[float, float] | None, adaptation: Adaptation) -> Iterator[str]:
    """That particles are larger, or smaller, than those of known diameters in pixels, at all magnifications.

    >>> list(describe_sizes(np.ones((40, 40), int), (20, 50), Adaptation(Polarity.BRIGHT)))
    []
    """
    diameter = typical_diameter(count_pixels(labels))
    if known is None or diameter is None:
        return
    smallest, largest = known[0] / adaptation.magnifications[0], known[1] / adaptation.magnifications[-1]
    if not smallest / TOLERANCE <= diameter <= largest * TOLERANCE:
        yield (
            f"Typical particles have {diameter:.0f} pixels in diameter, but the model knows {smallest:.0f} to "
            f"{largest:.0f} pixels in such an image: look closely at what was found."
        )
