"""autoseg merge."""

from __future__ import annotations

from pathlib import Path

from autoseg.batch.shards import merge_shards
from autoseg.cli.parameters import AsJson
from autoseg.cli.results import tell


def merge(folder: Path, /, *, as_json: AsJson = False) -> int:
    """Write tables and report of a batch whose shards are done, and print a summary; fails where a file failed.

    Parameters
    ----------
    folder
        Folder of the results, which was the output of all shards.
    """
    return tell(merge_shards(folder), as_json)
