"""Volumes, read and written slice by slice: folders of slices, TIFF stacks, .npy, HDF5, Zarr and raw files."""
