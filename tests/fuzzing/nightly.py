"""Damaged files without end, for a night: whatever is neither read nor refused by one error is kept, with its seed.

python -m tests.fuzzing.nightly 600           ten minutes, every kind of file in turn
python -m tests.fuzzing.nightly 600 dm3 coco  these kinds alone
python -m tests.fuzzing.nightly 600 --guided dm3   guided by what code is reached, if atheris is installed

So is what takes longer than 5 s, or more than 1 GB of memory.
"""

from __future__ import annotations

import contextlib
import resource
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import numpy as np

from tests.fuzzing.mutation import mutated
from tests.fuzzing.targets import Target, targets

LONGEST, LARGEST = 5.0, 2**30
FINDS = Path("fuzzing_finds")
ROUND = 50  # tries of a kind before the next one has its turn


def trouble(target: Target, content: bytes, folder: Path) -> str | None:
    """What is wrong with how a file is taken, if anything is."""
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    try:
        target.try_out(content, folder)
    except Exception:
        return traceback.format_exc()
    if (seconds := time.monotonic() - started) > LONGEST:
        return f"it took {seconds:.1f} s"
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    return f"it took {grown / 2**30:.2f} GB of memory" if grown > LARGEST else None


def keep(kind: str, name: str, content: bytes, problem: str) -> None:
    FINDS.mkdir(exist_ok=True)
    path = FINDS / f"{kind.replace(', ', '_').replace(' ', '_')}-{name}"
    path.write_bytes(content)
    print(f"{path}: {problem}", flush=True)


def search(kinds: list[str], seconds: float) -> dict[str, int]:
    """How many files of each kind were tried."""
    tried, ends, number = dict.fromkeys(kinds, 0), time.monotonic() + seconds, 0
    with tempfile.TemporaryDirectory() as name:
        while time.monotonic() < ends:
            for kind in kinds:
                folder = Path(name) / str(kinds.index(kind))
                folder.mkdir(exist_ok=True)
                target, rng = targets()[kind], np.random.default_rng(number)
                for place in range(ROUND):
                    content = mutated(target.content, rng)
                    if problem := trouble(target, content, folder):
                        keep(kind, f"{number}-{place}", content, problem)
                    tried[kind] += 1
            number += 1
    return tried


def search_guided(kind: str, seconds: float) -> None:
    """By atheris: what reaches new code is damaged further."""
    import atheris

    target, count = targets()[kind], 0
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as corpus:
        (Path(corpus) / "sound").write_bytes(target.content)

        def one(content: bytes) -> None:
            nonlocal count
            count += 1
            if problem := trouble(target, content, Path(name)):
                keep(kind, f"guided-{count}", content, problem)

        atheris.instrument_all()
        arguments = [sys.argv[0], corpus, f"-max_total_time={int(seconds)}", "-timeout=20", "-rss_limit_mb=4096"]
        atheris.Setup(arguments, one)
        with contextlib.suppress(SystemExit):
            atheris.Fuzz()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    match sys.argv[1:]:
        case [seconds, "--guided", kind]:
            search_guided(kind, float(seconds))
        case [seconds, *kinds]:
            for kind, count in search(kinds or list(targets()), float(seconds)).items():
                print(f"{kind}: {count} files")
        case _:
            sys.exit(__doc__)
