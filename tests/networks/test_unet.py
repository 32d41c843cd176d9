"""The plain U-Net: its layers tell their level, so that a training can freeze some of them."""

from __future__ import annotations

from autoseg.networks import build
from tests.marks import builds_once

pytestmark = builds_once


def test_layers_tell_their_level():
    levels = {layer.name.partition("_")[0] for layer in build("unet", filters=(2, 3, 4)).layers}
    assert levels == {"image", "encoder1", "encoder2", "encoder3", "decoder2", "decoder1", "head"}
