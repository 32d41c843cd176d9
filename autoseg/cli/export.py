"""autoseg export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from autoseg.cli.parameters import AsJson
from autoseg.models.export import Format, export_model
from autoseg.models.folder import load_model


def export(
    model: str,
    /,
    *,
    output: Path,
    kind: Annotated[Format, Parameter(name="--format")] = "onnx",
    as_json: AsJson = False,
) -> int:
    """Write the network, and print the names of the files.

    Parameters
    ----------
    model
        Name of a model that comes with autoseg, or the folder of one.
    output
        File to write; its ending, .onnx, .xml or .zip, is added. For saved_model, a folder.
    kind
        What other programs read: ONNX Runtime, OpenVINO, those of bioimage.io, TensorFlow. Only the last needs
        TensorFlow; onnx and bioimageio need the package onnx (autoseg[export]).
    """
    paths = [str(path) for path in export_model(load_model(model), output, kind)]
    print(json.dumps(paths) if as_json else "\n".join(paths))
    return 0
