import json
import shutil
import sys
from types import SimpleNamespace

import pytest

from autoseg import doctor
from autoseg.cli import doctor as verb
from autoseg.cli import main

FINDINGS = {
    "autoseg": "0.1.0",
    "memory_total_gib": 7.9,
    "backends": {"torch": None},
    "backend": None,
    "advice": ["Do."],
}


def test_findings_are_lines_for_people_and_json_for_machines(monkeypatch, capsys):
    monkeypatch.setattr(verb, "examine", lambda: FINDINGS)
    assert main(["doctor"]) == 1  # as no backend works
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split("  ")[0] == "memory total (GiB)" and lines[1].endswith(" 7.9")
    assert lines[2].endswith(" torch not installed (pip install 'autoseg[torch]')") and lines[-1].endswith(" Do.")
    monkeypatch.setattr(verb, "examine", lambda: {**FINDINGS, "backend": "torch"})
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["memory_total_gib"] == 7.9


def test_extras_are_told_with_their_versions_or_how_to_have_them(monkeypatch):
    versions = {"nanonispy2": "1.2.0", "access2thematrix": "0.4.4", "igor2": "0.5.15", "mrcfile": "1.5.4"}
    monkeypatch.setattr(doctor, "_version", lambda *names: versions.get(names[0]))
    extras = doctor.examine()["extras"]
    assert extras["stm"] == "nanonispy2 1.2.0 access2thematrix 0.4.4 igor2 0.5.15" and extras["tem"] == "mrcfile 1.5.4"
    assert extras.keys() >= {"app", "codecs", "excel", "export", "scale", "volumes"}
    assert extras["codecs"] is None and not extras.keys() & {"torch", "test", "docs"}
    versions.pop("igor2")
    told = doctor.describe({"extras": doctor.examine()["extras"]})
    assert "stm (pip install 'autoseg[stm]')" in told and "tem (mrcfile 1.5.4)" in told


@pytest.mark.parametrize(
    ("driver", "backend", "devices", "advised"),
    [
        (True, "torch", ["cpu"], True),
        (True, "torch", ["cpu", "cuda:0 NVIDIA T4"], False),
        (True, "tensorflow", ["CPU:0", "GPU:0"], False),
        (True, "openvino", ["CPU"], False),  # it is for predicting on processors
        (False, "jax", ["cpu:0 cpu"], False),
    ],
)
def test_a_gpu_that_the_backend_does_not_see_is_told(monkeypatch, driver, backend, devices, advised):
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/nvidia-smi" if driver else None)
    monkeypatch.setattr(doctor.Path, "exists", lambda path: False)
    monkeypatch.setattr(doctor, "choose_backend", lambda environment, installed: backend)
    monkeypatch.setitem(sys.modules, "autoseg._backend", SimpleNamespace(devices=lambda: devices))
    found = doctor.examine()
    assert (found["backend"], found["devices"]) == (backend, devices)
    assert any(f"GPU that {backend} does not see" in line for line in found["advice"]) == advised


def test_where_autoseg_is_not_installed_no_extras_are_known(monkeypatch):
    def missing(name):
        raise doctor.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.importlib.metadata, "requires", missing)
    assert doctor.examine()["extras"] == {}
