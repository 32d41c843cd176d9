"""How long `import autoseg` takes, as a ratio to starting Python, and to importing Keras. Prints one line each."""

import subprocess
import sys
import time


def best_time(code: str, repeats: int = 5) -> float:
    """The shortest of some runs, in seconds, of a fresh Python with `code`."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    bare, own, keras = best_time("pass"), best_time("import autoseg"), best_time("import keras")
    print(f"import autoseg: {own - bare:.3f} s on top of Python's {bare:.3f} s (ratio {own / bare:.2f})")
    print(f"import keras:   {keras - bare:.3f} s, {(keras - bare) / max(own - bare, 1e-3):.0f} times as long")
