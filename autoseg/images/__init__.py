"""Files to arrays and back: micrographs, tiles, views. NumPy only."""
