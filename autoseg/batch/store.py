"""Parts on disk: what is known of the images of a chunk. The last file of a part that is written commits it.

A part is two files: ID.npz holds the particles of its images, a table for each unit of length, and ID.jsonl a line
for each image: done or failed, how long it took, the hashes of its files, and all that was measured. Neither can carry
code.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from autoseg.batch.outcome import Done, Failed, Outcome
from autoseg.batch.plan import Chunk, Planned, chunk_id
from autoseg.errors import AutosegError
from autoseg.files import written_whole
from autoseg.measurement.image_result import ImageResult
from autoseg.measurement.summary import UNITS

FOLDER = "batch"
"Within the folder of the results."
_RESULT = TypeAdapter(ImageResult)

Row = dict[str, Any]


class Store:
    """The parts of a batch, beside its results."""

    def __init__(self, results: Path):
        self.results, self.folder = results, results / FOLDER
        self.parts, self.pictures = self.folder / "parts", self.folder / "pictures"
        self._rows = lru_cache(maxsize=4)(self._read_rows)
        self._tables = lru_cache(maxsize=4)(self._read_tables)

    def commit(self, chunk: Chunk, outcomes: Sequence[Outcome]) -> None:
        """Write what became of the images of a chunk."""
        if not chunk:
            return
        rows = [_row(planned, outcome) for planned, outcome in zip(chunk, outcomes, strict=True)]
        for planned, outcome in zip(chunk, outcomes, strict=True):
            if isinstance(outcome, Done) and outcome.recorded.picture is not None:
                with written_whole(self.picture(planned.name)) as partial:
                    partial.write_bytes(outcome.recorded.picture)
        done = [outcome for outcome in outcomes if isinstance(outcome, Done)]
        tables = {unit: [one.recorded.table for one in done if one.recorded.result.unit == unit] for unit in UNITS}
        records = {unit: pd.concat(found).to_records(index=False) for unit, found in tables.items() if found}
        part = chunk_id(chunk)
        with written_whole(self.parts / f"{part}.npz") as partial:
            np.savez_compressed(partial, **records)
        self.write_rows(part, rows)

    def write_rows(self, part: str, rows: Sequence[Row]) -> None:
        """Write the lines of a part, which commits it."""
        with written_whole(self.parts / f"{part}.jsonl") as partial:
            partial.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="ascii")
        self._rows.cache_clear()
        self._tables.cache_clear()

    def committed(self) -> Iterator[tuple[str, list[Row]]]:
        """All parts, the oldest first."""
        if not self.parts.is_dir():
            return
        with os.scandir(self.parts) as entries:
            files = [(entry.stat().st_mtime_ns, entry.name) for entry in entries if entry.name.endswith(".jsonl")]
        for _, name in sorted(files):
            part = name.removesuffix(".jsonl")
            yield part, self.rows(part)

    def rows(self, part: str) -> list[Row]:
        """The lines of a part; the last few parts that were asked for are kept."""
        return self._rows(part)

    def table(self, part: str, line: int) -> pd.DataFrame:
        """The particles of an image that did not fail."""
        frames, begins = self._tables(part)
        row = self.rows(part)[line]
        return frames[row["unit"]].iloc[begins[line] : begins[line] + row["result"]["particles"]]

    def _read_rows(self, part: str) -> list[Row]:
        path = self.parts / f"{part}.jsonl"
        try:
            return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
        except ValueError as error:
            raise AutosegError(f"is damaged ({error})", file=path, advice="Remove it, and run again.") from None

    def _read_tables(self, part: str) -> tuple[dict[str, pd.DataFrame], list[int]]:
        """The table of each unit, and where the rows of each image begin in theirs."""
        begins, ends = [], dict.fromkeys(UNITS, 0)
        for row in self.rows(part):
            begins.append(ends[row["unit"]] if row["ok"] else 0)
            if row["ok"]:
                ends[row["unit"]] += row["result"]["particles"]
        with np.load(self.parts / f"{part}.npz", allow_pickle=False) as records:
            return {unit: pd.DataFrame.from_records(records[unit]) for unit in records.files}, begins

    def forget(self) -> None:
        """Remove all that is committed; the results themselves stay, until they are written anew."""
        for folder in (self.parts, self.pictures):
            if folder.is_dir():
                shutil.rmtree(folder)
        self._rows.cache_clear()
        self._tables.cache_clear()

    def picture(self, name: str) -> Path:
        """Where the picture of an image is, if it has one."""
        return self.pictures / f"{name}.jpg"

    def result(self, row: Row, planned: Planned) -> ImageResult:
        """What was measured in an image, wherever the results and the images lie now."""
        told = row["result"]
        files = {kind: self.results / name for kind, name in told["files"].items()}
        return _RESULT.validate_python({**told, "files": files, "path": planned.path})


def _row(planned: Planned, outcome: Outcome) -> Row:
    about: Row = {
        "name": planned.name,
        "place": planned.place,
        "sources": [[*source.stamp, source.sha256()] for source in planned.sources],
        "seconds": round(outcome.seconds, 3),
    }
    if isinstance(outcome, Failed):
        error = outcome.error
        file = None if error.file is None else os.fspath(error.file)
        return {**about, "ok": False, "file": file, "problem": error.problem, "advice": error.advice}
    result = outcome.recorded.result
    return {**about, "ok": True, "unit": result.unit, "result": as_told(result)}


def as_told(result: ImageResult) -> Mapping[str, Any]:
    """What was measured, as JSON holds it."""
    told = dataclasses.asdict(result)
    return {**told, "path": None, "files": {kind: path.name for kind, path in result.files.items()}}
