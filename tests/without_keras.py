"""Prints which files of the package and of the tests need Keras: those that cannot be imported where it is missing.

    python -m tests.without_keras

Test modules that need it only within their functions say so: `pytestmark = pytest.mark.keras`.
"""

import importlib
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

ROOT = Path(__file__).parents[1]
MISSING = {"keras", "tensorflow", "torch", "jax", "openvino"}


class KerasIsMissing(ImportError):
    pass


class Absent:
    """Finds the packages that are to be missing, so that they seem installed, and fails to import them."""

    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name in MISSING else None

    def create_module(self, spec):
        raise KerasIsMissing(spec.name)

    def exec_module(self, module):
        raise KerasIsMissing(module.__name__)


def needs_keras(path):
    """Whether a file of the repository cannot be imported without Keras, or is a module of tests that says so."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    try:
        module = importlib.import_module(name)
    except KerasIsMissing:
        return True
    except Exception:  # whatever else is wrong, pytest tells when it collects the module
        return False
    marks = getattr(module, "pytestmark", [])
    return "keras" in {mark.name for mark in (marks if isinstance(marks, list) else [marks])}


def main():
    sys.meta_path.insert(0, Absent())
    sys.path.insert(0, str(ROOT))
    for folder in ("autoseg", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.name != "__main__.py" and needs_keras(path):
                print(path.relative_to(ROOT).as_posix())


if __name__ == "__main__":
    main()
