"""Grains in a slice or a small volume."""
