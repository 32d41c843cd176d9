"""Sets of options for different machines: each a TOML file; "published" is as in the published code."""

from __future__ import annotations

from typing import Any, Literal, get_args

from autoseg.options import read_profile

Profile = Literal["published", "cpu", "gpu", "smoke"]
PROFILES: tuple[Profile, ...] = get_args(Profile)


def options_of(profile: str) -> dict[str, Any]:
    """The options that a profile sets.

    >>> options_of("published")["train_segmenter"]["epochs"]
    200
    """
    return read_profile(__name__, profile)
