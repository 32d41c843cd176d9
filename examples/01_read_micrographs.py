"""Reads a folder of micrographs and prints what is known of each: `python 01_read_micrographs.py [FOLDER]`.

Without a folder it reads the samples that come with autoseg.
"""

import sys
from pathlib import Path

import autoseg
from autoseg.files import shipped

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else shipped("datasets") / "samples"

for path in sorted(folder.glob("*.tif")):
    micrograph = autoseg.read(path)
    height, width = micrograph.field.shape
    if micrograph.pixel_size is None:
        extent = f"{width} x {height} px, not calibrated"
    else:
        extent = f"{width * micrograph.pixel_size / 1000:.2f} x {height * micrograph.pixel_size / 1000:.2f} µm"
    print(f"{micrograph.name}: {extent}, grey values {micrograph.field.min()} to {micrograph.field.max()}")
    for note in micrograph.notes:
        print(f"  {note}")
