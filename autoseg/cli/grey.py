"""autoseg grey."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import imageio.v3 as imageio
from cyclopts import Parameter

from autoseg.cli.inputs import expanded
from autoseg.cli.messages import fail, progress
from autoseg.cli.verbs import SURFACES
from autoseg.errors import AutosegError
from autoseg.files import written_whole
from autoseg.images.names import names_for, refuse_inputs
from autoseg.stages.grey import to_bytes
from autoseg.stm.stages.prepare_scans import ScanOptions, show_scan


def grey(
    scans: list[Path],
    /,
    *,
    output: Path,
    options: Annotated[ScanOptions, Parameter(name="*", group=SURFACES)] = ScanOptions(),
) -> int:
    """Write a grey picture of each scan that can be read into a folder; fails where one cannot.

    Parameters
    ----------
    scans
        Scans, or folders of them.
    output
        Folder for the pictures.
    """
    files = expanded(scans)
    written = {path: output / f"{name}.png" for path, name in zip(files, names_for(files), strict=True)}
    refuse_inputs(list(written.values()), files)
    code = 0
    for path in progress(files, len(files), "scan"):
        try:
            picture = to_bytes(show_scan(path, options))
        except AutosegError as error:
            code = fail(error)
            continue
        with written_whole(written[path]) as partial:
            imageio.imwrite(partial, picture)
        print(f"{written[path]}: {picture.shape[1]} x {picture.shape[0]} px")
    return code
