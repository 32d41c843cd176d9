"""The micro-CT wing: grains in volumes, from a handful of labelled slices."""
