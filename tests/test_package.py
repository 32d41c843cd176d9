"""The package as a user meets it: light to import, complete when installed."""

import configparser
import importlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import autoseg
from conftest import needs_keras

ROOT = Path(__file__).parents[1]


def run(*command, **settings):
    return subprocess.run(command, capture_output=True, text=True, check=True, **settings).stdout


def test_importing_autoseg_imports_nothing_but_itself_and_the_standard_library():
    loaded = "import sys, autoseg; dir(autoseg); print(*{name.split('.')[0] for name in sys.modules})"
    third_party = set(run(sys.executable, "-c", loaded).split()) - set(sys.stdlib_module_names)
    bare = set(run(sys.executable, "-c", "import sys; print(*{name.split('.')[0] for name in sys.modules})").split())
    assert third_party - bare == {"autoseg"}


def test_every_public_name_is_there():
    for name in autoseg.__all__:
        assert getattr(autoseg, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'segmnt'"):
        autoseg.segmnt  # noqa: B018


def test_what_the_contract_says_works_without_keras():
    """Tried in a process in which no Keras can be imported."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    promised = settings["importlinter:contract:without_keras"]["source_modules"].split()
    assert "autoseg.images" in promised and needs_keras(ROOT / "autoseg" / "networks" / "unet.py")
    for name in promised:
        path = ROOT.joinpath(*name.split("."))
        files = list(path.rglob("*.py")) or [path.with_suffix(".py")]
        assert files[0].is_file() and not any(map(needs_keras, files)), name


def test_the_types_name_what_is_there():
    """The package and the wings are lazy; type checkers and editors read their stubs."""
    stubs = sorted((ROOT / "autoseg").rglob("*.pyi"))
    assert len(stubs) >= 3
    for path in stubs:
        module = importlib.import_module(".".join(path.parent.relative_to(ROOT).parts))
        stub = path.read_text(encoding="utf-8")
        declared = set(re.findall(r"^from \S+ import (\w+) as \1$|^(\w+): ", stub, re.MULTILINE))
        assert {first or second for first, second in declared} == set(module.__all__)
        assert all(hasattr(module, name) for name in module.__all__)


def test_wings_are_there_after_a_mere_import():
    code = "import sys, autoseg; print(autoseg.sem.PROFILES, autoseg.sem.SimulationOptions, 'keras' in sys.modules)"
    assert run(sys.executable, "-c", code).rstrip().endswith("False")


def test_the_wheel_holds_the_package_and_what_ships_with_it(tmp_path):
    # Built from a copy of what git would clone: a build writes into its source folder.
    files = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", cwd=ROOT).split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "source" / name).write_bytes((ROOT / name).read_bytes())
    build = (
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--quiet",
        "--wheel-dir",
        tmp_path,
    )
    run(*build, tmp_path / "source")
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    modules = {str(path.relative_to(ROOT).as_posix()) for path in (ROOT / "autoseg").rglob("*.py")}
    samples = {
        f"autoseg/_shipped/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "datasets/samples").glob("*.tif")
    }
    data = {
        str(path.relative_to(ROOT).as_posix())
        for ending in ("html", "csv", "toml", "pyi")
        for path in (ROOT / "autoseg").rglob(f"*.{ending}")
    }
    assert samples and data and modules | samples | data | {"autoseg/py.typed"} <= names
    assert not any(name.startswith(("tests", "benchmarks", "examples")) for name in names)
