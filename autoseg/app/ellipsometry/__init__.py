"""The page about ellipsometric maps: zones, their spectra and thicknesses."""
