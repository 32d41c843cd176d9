"""How long the published network takes for an image, and how much memory, as ratios to a plain `network(image)`.

Each way to run it has a process of its own. Memory is what the process grows by at most, from the built network on.
Where other work shares the processor, seconds of processor time say more than those on the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import psutil

from autoseg.backends import installed_backends

SIZE = 712, 1024
WAYS = ("plain", "backend", "openvino", "openvino bfloat16")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--backends", nargs="+", default=installed_backends())
    parser.add_argument("--way", choices=WAYS, help="measure this alone, in this process, on KERAS_BACKEND")
    return parser.parse_args()


def make_function(way: str) -> Callable[[np.ndarray], np.ndarray]:
    """The published network, run this way on an image (rows, columns)."""
    from autoseg._backend import to_numpy
    from autoseg.networks import build
    from autoseg.segmentation.predictor import Predictor

    network = build("multires_unet")
    if way == "plain":
        # The published program pads in this way, too: the network takes no other sizes.
        return lambda image: to_numpy(network(np.pad(image, ((0, -SIZE[0] % 16), (0, -SIZE[1] % 16)))[None, ..., None]))
    engine, _, precision = way.partition(" ")
    return Predictor(network, engine=engine, precision=precision or "float32", tiles="never")


def measure(way: str, repeats: int) -> dict[str, float]:
    """Seconds of the first and of the fastest run, processor seconds of the latter, and bytes."""
    function, process = make_function(way), psutil.Process()
    image = np.random.default_rng(0).random(SIZE, dtype=np.float32)
    before, clock, processor = process.memory_info().rss, [], []
    for _ in range(repeats + 1):
        start = time.perf_counter(), time.process_time()
        function(image)
        clock.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    peak = peak_memory()
    return {
        "first": clock[0], "clock": min(clock[1:]), "processor": min(processor[1:]), "grown": peak - before,
        "resident": process.memory_info().rss,
    }  # fmt: skip


def peak_memory() -> int:
    """The most that this process ever had, in bytes."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measure_elsewhere(backend: str, way: str, repeats: int) -> dict[str, float] | None:
    """As `measure`, in a process of its own; None where this way is not offered."""
    command = [sys.executable, __file__, "--way", way, "--repeats", str(repeats)]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode and "cannot compute in bfloat16" in done.stderr:
        return None
    if done.returncode:
        raise RuntimeError(f"{way} on {backend}:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(backend: str, repeats: int) -> None:
    """One line for each way on this backend."""
    plain: dict[str, float] = {}
    for way in WAYS:
        found = measure_elsewhere(backend, way, repeats)
        if found is None:
            print(f"{backend:11}{way:18} not on this processor")
            continue
        plain = plain or found
        print(
            f"{backend:11}{way:18} first {found['first']:5.1f} s, then {found['clock']:5.2f} s"
            f" ({found['clock'] / plain['clock']:4.2f} x), processor {found['processor']:5.2f} s"
            f" ({found['processor'] / plain['processor']:4.2f} x), grows by {found['grown'] / 2**20:5.0f} MiB"
            f" ({found['grown'] / plain['grown']:4.2f} x) to {found['resident'] / 2**20:5.0f} MiB",
            flush=True,
        )


if __name__ == "__main__":
    options = parse()
    if options.way:
        print(json.dumps(measure(options.way, options.repeats)))
    else:
        print(f"MultiRes U-Net with 16 filters, {SIZE[1]} x {SIZE[0]} pixels; x: ratio to the plain call")
        for name in options.backends:
            compare(name, options.repeats)
