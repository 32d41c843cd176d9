"""Draws random views of a micrograph, and cuts it into tiles that join again without seams. Writes two pictures.

Run with `python 02_views_and_tiles.py [FOLDER]`; the pictures go to FOLDER, by default the current one.
"""

import sys
from pathlib import Path

import imageio.v3 as imageio
import numpy as np

import autoseg
from autoseg.files import shipped
from autoseg.images.tiles import Tiling
from autoseg.images.views import STRONG, GeometryOptions, draw_geometry, draw_intensity

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
image = autoseg.read(shipped("datasets") / "samples" / "bright_spheroids.tif").field.astype(np.float32) / 255
rng = np.random.default_rng(0)

options = GeometryOptions(quarter_turns=True, rotation=45, scale=(0.75, 1.33))
views = []
for _ in range(8):
    geometry = draw_geometry(rng, options, image.shape, crop=192, foreground=image > 0.5)
    views.append(draw_intensity(rng, STRONG).apply(geometry.apply(image)))
grid = np.vstack([np.hstack(views[:4]), np.hstack(views[4:])])
imageio.imwrite(folder / "views.png", np.round(255 * grid).astype(np.uint8))

tiling = Tiling(image.shape, tile=256, overlap=32)
inverted = tiling.stitch(1 - tile for tile in tiling.stream(image))
imageio.imwrite(folder / "tiles.png", np.round(255 * inverted).astype(np.uint8))
error = np.abs(inverted - (1 - image)).max()
print(f"views.png: 8 strong views; tiles.png: inverted in {len(tiling)} tiles, off by {error:.1e}")
