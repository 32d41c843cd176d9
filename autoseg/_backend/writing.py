"""A network as a file of another program, for images of any size, in a process with any backend."""

from __future__ import annotations

from pathlib import Path

from autoseg._backend import openvino
from autoseg._backend.graph import read_graph, run
from autoseg._backend.loading import keras


def input_name(network: keras.Model) -> str:
    """What the input is called in these files: as in Keras, unless an output has that name."""
    name: str = network.inputs[0].name
    return "input" if name in network.prediction_channels else name


def write_openvino(network: keras.Model, path: Path) -> None:
    """Write a network that takes an image as an .xml file, and its weights, float32, beside it as a .bin file."""
    graph, channels = read_graph(network), network.input_shape[-1]
    openvino.save(path, input_name(network), channels, lambda images: run(graph, images, openvino.write))


def write_onnx(network: keras.Model, path: Path) -> None:
    """Write a network that takes an image as an .onnx file, which holds its weights, too."""
    from autoseg._backend.onnx import Writer  # an extra

    graph, writer = read_graph(network), Writer(input_name(network), network.input_shape[-1])
    model = writer.finish(run(graph, writer.images, writer.write), network.prediction_channels)
    path.write_bytes(model.SerializeToString())
