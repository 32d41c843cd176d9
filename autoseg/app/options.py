"""How the app is started, and what it allows; the pages read it from the environment of their process."""

from __future__ import annotations

import os

from pydantic import Field

from autoseg.options import Options

VARIABLE = "AUTOSEG_APP"
"Of the environment: holds the options as JSON."


class AppOptions(Options):
    """How the app is started, and what it allows."""

    port: int = Field(8501, ge=1, le=65535)
    "Where it listens, on this computer alone."
    open_browser: bool = True
    "Whether a browser is opened."
    allow_paths: bool = False
    "Whether pages take paths of folders and models on this computer, beside uploads."
    max_upload: int = Field(400, ge=1, le=4000)
    "Largest size of an uploaded file in MB."
    max_total: int = Field(4000, ge=1)
    "Largest size of all files of an upload together in MB."
    max_files: int = Field(1000, ge=1)
    "Most files that are uploaded at a time."
    max_pixels: int = Field(64_000_000, ge=1)
    "Images with more pixels, one by one or all of a browser together, are refused: the command line takes more."


def current_options() -> AppOptions:
    """Those that the app was started with.

    >>> current_options().allow_paths
    False
    """
    return AppOptions.model_validate_json(os.environ.get(VARIABLE) or "{}")
