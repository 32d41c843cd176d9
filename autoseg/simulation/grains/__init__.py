"""Grains in three dimensions: packings of irregular polyhedra, as labels of volumes, and as slices of tomograms."""
