"""A workflow as stages in numbered folders: what is finished is kept, interrupted work goes on, changed work is redone.

run/01_prepare/   run/02_simulate/   ...   each with its results and a manifest.json, written last
"""

from __future__ import annotations

import hashlib
import inspect
import json
import logging
import multiprocessing
import os
import re
import shutil
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, get_args, get_type_hints

import numpy as np
import psutil

from autoseg import __version__
from autoseg.errors import AutosegError, OptionsError, StageError, enumerate_briefly
from autoseg.files import written_whole
from autoseg.options import Options

MANIFEST, STARTED, FAILURE, LOCK = "manifest.json", "started.json", "failure.txt", "run.lock"

_log = logging.getLogger("autoseg")


class Outputs(Options):
    """What a stage hands on: paths relative to its folder, and small values."""


class Stage(Options):
    """One step of a workflow: its options, and `run`, which makes its outputs from those of earlier stages.

    `run` names the stages it needs as keyword-only parameters, each annotated with the type of that stage's outputs;
    their paths arrive absolute. One with the default None may be missing in the run. A stage that is interrupted finds
    its folder as it left it. All randomness comes from `rng`, which is the same in every attempt.
    """

    name: ClassVar[str]
    cosmetic: ClassVar[frozenset[str]] = frozenset()
    "Options that change what can be seen of the work, but not its results: nothing runs again for them."
    scaffolding: ClassVar[tuple[str, ...]] = ()
    "Files that only an interrupted stage needs, to go on: they are removed when it is finished."

    def __init_subclass__(cls, **settings: Any) -> None:
        """Name the stage after its class: TrainSegmenter is train_segmenter."""
        super().__init_subclass__(**settings)
        cls.name = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def sources(self) -> list[Path]:
        """Files and folders from outside the run whose content matters."""
        return []

    def run(self, *arguments: Any, **earlier: Any) -> Outputs:
        """Do the work in a folder, with a generator of random numbers: `run(folder, rng, *, earlier_stage)`."""
        raise NotImplementedError(f"{type(self).__name__} has nothing to run")

    def needs(self) -> dict[str, tuple[type[Outputs], bool]]:
        """The earlier stages it uses by name, with the types of their outputs, and whether it cannot do without."""
        parameters = inspect.signature(self.run).parameters.values()
        hints = get_type_hints(type(self).run)
        return {
            item.name: ((get_args(hints[item.name]) or [hints[item.name]])[0], item.default is item.empty)
            for item in parameters
            if item.kind is item.KEYWORD_ONLY
        }

    def makes(self) -> type[Outputs]:
        """The type of its outputs."""
        return get_type_hints(type(self).run)["return"]


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
            for name, (outputs, required) in stage.needs().items():
                if (required or name in earlier) and earlier.get(name) is not outputs:
                    raise OptionsError(f"stage {stage.name} needs {outputs.__name__} of an earlier stage {name}")
            if stage.name in earlier:
                raise OptionsError(f"stage {stage.name} is there twice")
            earlier[stage.name] = stage.makes()

    def execute(self) -> dict[str, Outputs]:
        """Run what is not finished yet, in order; the outputs of all stages by name, with absolute paths."""
        self.folder.mkdir(parents=True, exist_ok=True)
        outputs: dict[str, Outputs] = {}
        fingerprints: dict[str, str] = {}
        with _locked(self.folder / LOCK):
            for number, stage in self.stages.items():
                folder = self.folder / f"{number:02}_{stage.name}"
                description = self._describe(stage, fingerprints)
                fingerprints[stage.name] = description["fingerprint"]
                if not _is_finished(folder, description):
                    self._finish(stage, folder, description, outputs)
                outputs[stage.name] = _read_outputs(stage, folder)
        return outputs

    def _describe(self, stage: Stage, fingerprints: Mapping[str, str]) -> dict[str, Any]:
        """Everything that the outputs of a stage follow from, and its hash."""
        sources = {str(source): _content(source) for source in stage.sources()}
        description = {
            "stage": stage.name,
            "autoseg": __version__,
            "seed": self.seed,
            "options": stage.model_dump(mode="json"),
            "inputs": {name: fingerprints[name] for name in stage.needs() if name in fingerprints},
            "sources": sources,
        }
        # Of a path it does not matter where it leads, only what it holds.
        paths = {name for name in type(stage).model_fields if isinstance(getattr(stage, name), Path)}
        hashed = {
            **description,
            "options": stage.model_dump(mode="json", exclude=paths | stage.cosmetic),
            "sources": list(sources.values()),
        }
        return {"fingerprint": _sha256(json.dumps(hashed, sort_keys=True).encode()), **description}

    def _finish(self, stage: Stage, folder: Path, description: dict[str, Any], outputs: Mapping[str, Outputs]) -> None:
        _prepare(folder, description)
        work = (stage, folder, description, {name: outputs[name] for name in stage.needs() if name in outputs})
        _log.info("%s: started", folder.name)
        if self.own_processes:
            _work_in_own_process(*work)
        else:
            try:
                _work(*work)
            except AutosegError as error:
                raise StageError(f"stage {stage.name} failed: {error}", file=folder) from error
        _log.info("%s: finished", folder.name)


def _work(stage: Stage, folder: Path, description: dict[str, Any], inputs: Mapping[str, Outputs]) -> None:
    start = time.monotonic()
    rng = np.random.default_rng([description["seed"], *stage.name.encode()])
    outputs = stage.run(folder, rng, **inputs)
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    manifest = {
        **description,
        "seconds": round(time.monotonic() - start, 1),
        "outputs": outputs.model_dump(mode="json"),
        "files": {
            name: _content(path) for name, path in files.items() if name not in (STARTED, FAILURE, *stage.scaffolding)
        },
    }
    _write(folder / MANIFEST, manifest)
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
    manifest = _read(folder / MANIFEST)
    if manifest.get("fingerprint") != description["fingerprint"]:
        return False
    changed = [name for name, content in manifest["files"].items() if _content(folder / name) != content]
    if changed:
        _log.warning("%s: runs again, because %s was changed or is missing", folder.name, enumerate_briefly(changed))
    else:
        _log.info("%s: was finished before", folder.name)
    return not changed


def _prepare(folder: Path, description: dict[str, Any]) -> None:
    """Leave the work of an interrupted attempt at the same, clear that of another, touch nothing that is not ours."""
    started, finished = _read(folder / STARTED), (folder / MANIFEST).exists()
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
    _write(folder / STARTED, description)


def _read_outputs(stage: Stage, folder: Path) -> Outputs:
    outputs = stage.makes()(**_read(folder / MANIFEST)["outputs"])
    paths = {name: folder / value for name, value in outputs if isinstance(value, Path)}
    return outputs.changed(**paths)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Only one process works in a run; the lock of a process that is gone does not count."""
    own = psutil.Process()
    identity = f"{own.pid} {own.create_time()}"
    holder = path.read_text(encoding="utf-8") if path.exists() else ""
    pid = int(holder.split()[0]) if holder else 0
    if holder and psutil.pid_exists(pid) and holder == f"{pid} {psutil.Process(pid).create_time()}":
        raise StageError(f"is in use by process {pid}", file=path.parent, advice="Wait for it, or stop it.")
    path.write_text(identity, encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _content(path: Path) -> str:
    """Hash of what a file or all files in a folder hold; empty if there is nothing."""
    if path.is_dir():
        parts = [
            f"{file.relative_to(path).as_posix()} {_content(file)}"
            for file in sorted(path.rglob("*"))
            if file.is_file()
        ]
        return _sha256("\n".join(parts).encode())
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(path: Path) -> dict[str, Any]:
    """A JSON file's content; nothing where there is none that is whole."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _write(path: Path, content: dict[str, Any]) -> None:
    with written_whole(path) as partial:
        partial.write_text(json.dumps(content, indent=2), encoding="utf-8")
