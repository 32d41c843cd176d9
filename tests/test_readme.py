"""What the README shows is what works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from autoseg.cli import commands
from autoseg.files import shipped

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_python_runs(tmp_path):
    code = "\n".join(re.findall(r"```python\n(.*?)```", README, re.DOTALL))
    shutil.copy(shipped("datasets") / "samples" / "bright_spheroids.tif", tmp_path / "sample.tif")
    environment = {**os.environ, "KERAS_BACKEND": "openvino"}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert code and result.returncode == 0, result.stderr
    assert (tmp_path / "my_model" / "config.json").is_file()


def test_its_commands_exist():
    shown = set(re.findall(r"\bautoseg ([a-z]+)", "".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))))
    assert "demo" in shown and all(command in commands for command in shown)


def test_its_test_command_is_the_one_that_is_checked():
    checked = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "pip install -r requirements.txt && python -m pytest" in README
    assert {"pip install -r requirements.txt", "python -m pytest"} <= set(checked)
