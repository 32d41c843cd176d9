"""Sets of options for different machines: each a TOML file with what differs from the published workflow."""

from __future__ import annotations

from typing import Any, Literal, get_args

from autoseg.options import read_profile

Profile = Literal["published", "gpu", "cpu", "smoke"]
PROFILES: tuple[Profile, ...] = get_args(Profile)


def options_of(profile: str) -> dict[str, Any]:
    """The options that a profile sets; "published" is the defaults.

    >>> options_of("cpu")["prepare"]["tile"] < 384
    True
    """
    return read_profile(__name__, profile)
