"""Figures of maps, zones, spectra and estimates, independent of pyplot and its global state."""
