"""The cycleGAN's discriminator: how many patches it judges."""

from __future__ import annotations

import pytest

from autoseg.networks import build
from tests.marks import builds_once

pytestmark = builds_once


@pytest.mark.parametrize("side", [36, 40, 384])
def test_the_documented_number_of_scores(side):
    network = build("patchgan", filters=2)
    assert network.compute_output_shape((1, side, 2 * side, 1)) == (1, side // 4 - 8, side // 2 - 8, 1)


def test_the_first_score_looks_at_34_pixels():
    """One pixel of a layer's output spans `size` pixels of its input, at distances of `strides`."""
    field = 1
    for name in ("head", "convolution3", "convolution2", "convolution1"):
        layer = build("patchgan", filters=2).get_layer(name)
        field = (field - 1) * layer.strides[0] + layer.kernel_size[0]
    assert field == 34
