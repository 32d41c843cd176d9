"""The page of the Python interface tells of every public name."""

import re
from pathlib import Path

import autoseg

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")


def test_every_public_name_is_on_the_page() -> None:
    told = set(re.findall(r"^\.\. auto(?:function|class):: (\w+)$", PAGE, re.MULTILINE))
    told |= set(re.findall(r"`autoseg\.(\w+)`", PAGE))
    assert told == {name for name in autoseg.__all__ if name != "__version__"}
