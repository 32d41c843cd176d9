"""What can go wrong with ellipsometric maps."""

from __future__ import annotations

from autoseg.errors import AutosegError


class MapError(AutosegError):
    """A folder or file cannot be read as ellipsometric maps."""


class SpectraError(MapError):
    """The measurement is there, but it holds plain spectra, not maps."""


class FitError(AutosegError):
    """A layer model cannot be fitted, or not calculated for these wavelengths."""
