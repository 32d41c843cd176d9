"""Sets of options for different machines: each a TOML file; "published" is as in the published code."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any, Literal, get_args

Profile = Literal["published", "cpu", "gpu", "smoke"]
PROFILES: tuple[Profile, ...] = get_args(Profile)


def options_of(profile: str) -> dict[str, Any]:
    """The options that a profile sets.

    >>> options_of("published")["train_segmenter"]["epochs"]
    200
    """
    return tomllib.loads((files(__name__) / f"{profile}.toml").read_text(encoding="utf-8"))
