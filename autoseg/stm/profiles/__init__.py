"""Sets of options for different machines: each a TOML file with what differs from the defaults."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any, Literal, get_args

Profile = Literal["published", "gpu", "cpu", "smoke"]
PROFILES: tuple[Profile, ...] = get_args(Profile)


def options_of(profile: str) -> dict[str, Any]:
    """The options that a profile sets.

    >>> options_of("published")["train_segmenter"]["epochs"]
    10
    """
    return tomllib.loads((files(__name__) / f"{profile}.toml").read_text(encoding="utf-8"))
