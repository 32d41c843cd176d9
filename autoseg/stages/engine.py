"""A workflow as stages in numbered folders: what is finished is kept, interrupted work goes on, changed work is redone.

run/01_prepare/   run/02_simulate/   ...   each with its results and a manifest.json, written last
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import shutil
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autoseg import __version__
from autoseg.errors import AutosegError, OptionsError, StageError, enumerate_briefly
from autoseg.stages.lock import locked
from autoseg.stages.manifest import (
    FAILURE,
    LAYOUT,
    MANIFEST,
    STARTED,
    hash_bytes,
    hash_content,
    read_json,
    refuse_earlier_layouts,
    write_json,
)
from autoseg.stages.stage import Outputs, Stage

LOCK = "run.lock"

_log = logging.getLogger("autoseg")


class Run:
    """A folder, and the stages that are to be finished in it; None holds the place of one that is left out.

    `own_processes` gives each stage its own, which frees its memory at its end.
    """

    def __init__(
        self, folder: str | os.PathLike[str], stages: Sequence[Stage | None], seed: int = 0, own_processes: bool = False
    ):
        self.folder, self.seed, self.own_processes = Path(folder).resolve(), seed, own_processes
        self.stages = {number: stage for number, stage in enumerate(stages, start=1) if stage is not None}
        earlier: dict[str, type[Outputs]] = {}
        for stage in self.stages.values():
            for name, need in stage.needs().items():
                if (need.required or name in earlier) and not need.find(name, earlier):
                    whose = "earlier stages" if need.several else f"an earlier stage {name}"
                    raise OptionsError(f"stage {stage.name} needs {need.outputs.__name__} of {whose}")
            if stage.name in earlier:
                raise OptionsError(f"stage {stage.name} is there twice")
            earlier[stage.name] = stage.makes()

    def check(self) -> None:
        """Raise an error if another version of autoseg was at work in the folder; nothing is written for that."""
        for number, stage in self.stages.items():
            refuse_earlier_layouts(self._folder(number, stage))

    def execute(self) -> dict[str, Outputs]:
        """Run what is not finished yet, in order; the outputs of all stages by name, with absolute paths."""
        self.check()
        self.folder.mkdir(parents=True, exist_ok=True)
        outputs: dict[str, Outputs] = {}
        fingerprints: dict[str, str] = {}
        with locked(self.folder / LOCK):
            for number, stage in self.stages.items():
                folder = self._folder(number, stage)
                description = self._describe(stage, outputs, fingerprints)
                fingerprints[stage.name] = description["fingerprint"]
                if not _is_finished(folder, description):
                    self._finish(stage, folder, description, outputs)
                outputs[stage.name] = _read_outputs(stage, folder)
        return outputs

    def _folder(self, number: int, stage: Stage) -> Path:
        return self.folder / f"{number:02}_{stage.name}"

    def _describe(
        self, stage: Stage, outputs: Mapping[str, Outputs], fingerprints: Mapping[str, str]
    ) -> dict[str, Any]:
        """Everything that the outputs of a stage follow from, and its hash."""
        sources = {str(source): hash_content(source) for source in stage.sources()}
        used = [name for names in _suppliers(stage, outputs).values() for name in names]
        description = {
            "layout": LAYOUT,
            "stage": stage.name,
            "autoseg": __version__,
            "seed": self.seed,
            "options": stage.model_dump(mode="json"),
            "inputs": {name: fingerprints[name] for name in used},
            "sources": sources,
        }
        # Of a path it does not matter where it leads, only what it holds.
        without: dict[str, Any] = {
            name: True for name in type(stage).model_fields if isinstance(getattr(stage, name), Path)
        }
        if stage.cosmetic:
            without["options"] = set(stage.cosmetic)
        hashed = {
            **description,
            "options": stage.model_dump(mode="json", exclude=without),
            "sources": list(sources.values()),
        }
        return {"fingerprint": hash_bytes(json.dumps(hashed, sort_keys=True).encode()), **description}

    def _finish(self, stage: Stage, folder: Path, description: dict[str, Any], outputs: Mapping[str, Outputs]) -> None:
        _prepare(folder, description)
        needs, inputs = stage.needs(), {}
        for name, suppliers in _suppliers(stage, outputs).items():
            found = tuple(outputs[supplier] for supplier in suppliers)
            if needs[name].several or found:
                inputs[name] = found if needs[name].several else found[0]
        work = (stage, folder, description, inputs)
        _log.info("%s: started", folder.name)
        if self.own_processes:
            _work_in_own_process(*work)
        else:
            try:
                _work(*work)
            except AutosegError as error:
                raise StageError(f"stage {stage.name} failed: {error}", file=folder) from error
        _log.info("%s: finished", folder.name)


def _suppliers(stage: Stage, outputs: Mapping[str, Outputs]) -> dict[str, list[str]]:
    """The names of the earlier stages that give a stage what it needs, by the parameters of its `run`."""
    earlier = {name: type(made) for name, made in outputs.items()}
    return {name: need.find(name, earlier) for name, need in stage.needs().items()}


def _work(stage: Stage, folder: Path, description: dict[str, Any], inputs: Mapping[str, Any]) -> None:
    start = time.monotonic()
    rng = np.random.default_rng([description["seed"], *stage.name.encode()])
    outputs = stage.run(folder, rng, **inputs)
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    passing = (STARTED, FAILURE, *stage.scaffolding)
    manifest = {
        **description,
        "seconds": round(time.monotonic() - start, 1),
        "outputs": outputs.model_dump(mode="json"),
        "files": {name: hash_content(path) for name, path in files.items() if name not in passing},
    }
    write_json(folder / MANIFEST, manifest)
    for name in stage.scaffolding:
        (folder / name).unlink(missing_ok=True)


def _work_in_own_process(stage: Stage, folder: Path, *work: Any) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_work_as_child, args=(stage, folder, *work))
    process.start()
    try:
        process.join()
    except BaseException:
        process.terminate()
        raise
    code = process.exitcode or 0
    if code == 0:
        return
    failure = folder / FAILURE
    if code == 1 and failure.is_file():
        raise StageError(f"stage {stage.name} failed: {failure.read_text(encoding='utf-8').strip()}", file=folder)
    reason = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    raise StageError(
        f"stage {stage.name} {reason}",
        file=folder,
        advice="If memory ran out, choose smaller batches; then run it again.",
    )


def _work_as_child(stage: Stage, folder: Path, *work: Any) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _work(stage, folder, *work)
    except AutosegError as error:
        (folder / FAILURE).write_text(str(error), encoding="utf-8")
        raise SystemExit(1) from None
    except Exception:
        (folder / FAILURE).write_text(traceback.format_exc(), encoding="utf-8")
        raise SystemExit(1) from None


def _end_with_parent() -> None:
    """Whoever kills the run ends this stage, too, and may start the run again."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _is_finished(folder: Path, description: dict[str, Any]) -> bool:
    manifest = read_json(folder / MANIFEST)
    if manifest.get("fingerprint") != description["fingerprint"]:
        return False
    changed = [name for name, content in manifest["files"].items() if hash_content(folder / name) != content]
    if changed:
        _log.warning("%s: runs again, because %s was changed or is missing", folder.name, enumerate_briefly(changed))
    else:
        _log.info("%s: was finished before", folder.name)
    return not changed


def _prepare(folder: Path, description: dict[str, Any]) -> None:
    """Leave the work of an interrupted attempt at the same, clear that of another, touch nothing that is not ours."""
    started, finished = read_json(folder / STARTED), (folder / MANIFEST).exists()
    if started.get("fingerprint") == description["fingerprint"] and not finished:
        (folder / FAILURE).unlink(missing_ok=True)
        return
    if folder.exists():
        if any(folder.iterdir()) and not started and not finished:
            raise StageError("was not made by autoseg", file=folder, advice="Move it away, or choose another folder.")
        removed = folder.with_name(
            f".removed_{folder.name}"
        )  # renamed first: half of a folder would not be known as ours
        shutil.rmtree(removed, ignore_errors=True)
        folder.rename(removed)
        shutil.rmtree(removed, ignore_errors=True)
    write_json(folder / STARTED, description)


def _read_outputs(stage: Stage, folder: Path) -> Outputs:
    outputs = stage.makes()(**read_json(folder / MANIFEST)["outputs"])
    paths = {name: folder / value for name, value in outputs if isinstance(value, Path)}
    return outputs.changed(**paths)
