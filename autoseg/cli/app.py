"""autoseg app."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from autoseg.app.options import AppOptions
from autoseg.app.server import serve


def app(*, options: Annotated[AppOptions, Parameter(name="*")] = AppOptions()) -> int:
    """Serve the app until it is stopped with Ctrl-C."""
    serve(options)
    return 0
