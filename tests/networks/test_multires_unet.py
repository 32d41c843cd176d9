"""The MultiRes U-Net: the published arithmetic of its blocks."""

from __future__ import annotations

from autoseg.networks import build
from tests.marks import builds_once

pytestmark = builds_once


def widths(network, block):
    return [network.get_layer(f"{block}_scale{step}_convolution").filters for step in (1, 2, 3)]


def test_blocks_share_1_67_times_their_filters():
    network = build("multires_unet")
    assert widths(network, "encoder1") == [4, 8, 13]
    assert widths(network, "encoder5") == [71, 142, 213]
    assert widths(network, "decoder4") == [71, 142, 213]  # 32 x 8 filters, although the encoder's are 16 x 8
    assert widths(network, "decoder1") == [4, 8, 13]


def test_residual_paths_are_the_longer_the_finer():
    names = {layer.name for layer in build("multires_unet", filters=4, decoder_filters=4).layers}
    lengths = {
        level: sum(f"path{level}_step{step}_convolution" in names for step in range(9)) for level in (1, 2, 3, 4)
    }
    assert lengths == {1: 4, 2: 3, 3: 2, 4: 1}


def test_layers_tell_their_level():
    levels = {layer.name.partition("_")[0] for layer in build("multires_unet", filters=2, decoder_filters=2).layers}
    encoders, paths = {f"encoder{i}" for i in range(1, 6)}, {f"path{i}" for i in range(1, 5)}
    assert levels == encoders | paths | {f"decoder{i}" for i in range(1, 5)} | {"image", "head"}
