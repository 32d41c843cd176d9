"""Files that strangers may give, small and sound, and what reads them: damaged ones must give one error, or be read."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import mrcfile
import numpy as np
from PIL import Image

from autoseg.ellipsometry.reading.folder import read_maps
from autoseg.ellipsometry.writing import write_maps
from autoseg.ellipsometry.zones import ClusterOptions
from autoseg.errors import AutosegError
from autoseg.evaluation.files import read_particles
from autoseg.files import shipped
from autoseg.images.annotations import write_coco, write_geojson
from autoseg.images.class_files import read_classes
from autoseg.images.labels import read_labels, write_labels
from autoseg.images.micrograph import ReadOptions, read
from autoseg.images.rois import write_rois
from autoseg.images.volumes.volume import open_volume
from autoseg.models.config import read_config
from tests.ellipsometry.folders import small
from tests.images import scan_files, tem_files, vendor_files

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (12, 16), dtype=np.uint8)
LABELS = np.zeros((12, 16), np.uint16)
LABELS[2:6, 2:7], LABELS[7:11, 8:15] = 1, 2
MOST_PIXELS = 100_000


@dataclass(frozen=True)
class Target:
    """A sound file, by its name; what else lies beside it; and what reads it."""

    name: str
    content: bytes
    read: Callable[[Path], object]
    beside: dict[str, bytes] = field(default_factory=dict)

    def try_out(self, content: bytes, folder: Path) -> bool:
        """Whether such content is read; if not, there was one error of ours, and anything else is raised."""
        for name, other in self.beside.items():
            (folder / name).write_bytes(other)
        path = folder / self.name
        path.write_bytes(content)
        try:
            self.read(path)
        except AutosegError:
            return False
        return True


def _image(path: Path) -> object:
    return read(path, ReadOptions(max_pixels=MOST_PIXELS))


def _particles(path: Path) -> object:
    return read_particles(path, shape=LABELS.shape)


def _volume(path: Path) -> object:
    volume = open_volume(path)
    return [volume.slice(number) for number in range(min(3, len(volume)))]


@cache
def targets() -> dict[str, Target]:
    """Every kind of file, by a name of its own."""
    with tempfile.TemporaryDirectory() as name:
        return {key: one for make in (_images, _scans, _labels, _others) for key, one in make(Path(name)).items()}


def _images(folder: Path) -> dict[str, Target]:
    made = {
        "tiff": vendor_files.saved(folder / "a.tif", GREY),
        "tiff, palette": vendor_files.zeiss(folder / "b.tif", GREY, colormap=vendor_files.zeiss_colormap()),
        "zeiss": vendor_files.zeiss(folder / "c.tif", GREY),
        "fei": vendor_files.fei(folder / "d.tif", GREY, Scan={"PixelWidth": 1e-9, "PixelHeight": 1e-9}),
        "tescan": vendor_files.tescan(folder / "e.tif", GREY, PixelSizeX=1e-9, PixelSizeY=1e-9),
        "imagej": vendor_files.imagej(folder / "f.tif", GREY, "nm", 0.2),
        "ome": vendor_files.ome(folder / "g.tif", GREY, 'PhysicalSizeX="2"', 'PhysicalSizeXUnit="nm"'),
        "dm3": tem_files.digital_micrograph(folder / "h.dm3", GREY),
        "dm4": tem_files.digital_micrograph(folder / "i.dm4", GREY, version=4),
        "velox": tem_files.velox(folder / "j.emd", GREY[..., None]),
        "ncem": tem_files.ncem(folder / "k.emd", GREY),
    }
    with mrcfile.new(folder / "l.mrc", GREY):
        made["mrc"] = folder / "l.mrc"
    for ending in ("png", "jpg", "bmp", "gif"):
        made[ending] = folder / f"m.{ending}"
        Image.fromarray(GREY).save(made[ending])
    return {kind: Target(path.name, path.read_bytes(), _image) for kind, path in made.items()}


def _scans(folder: Path) -> dict[str, Target]:
    heights = 1e-10 * GREY.astype(float)
    both = {"forward/up": heights, "backward/up": heights}
    made = {
        "nanonis": scan_files.nanonis(folder / "a.sxm", {"Z": ("m", heights, heights)}),
        "simple field": scan_files.simple_field(folder / "b.gsf", heights, XReal=1e-8, YReal=1e-8, XYUnits="m"),
        "gwyddion": scan_files.gwyddion(folder / "c.gwy", {"Z": heights}, xreal=1e-8, yreal=1e-8),
        "igor": scan_files.igor(folder / "d.ibw", {"HeightTrace": heights}),
        "omicron": scan_files.omicron(folder, both),
    }
    settings = next(folder.glob("*_0001.mtrx"))
    beside = {settings.name: settings.read_bytes()}
    found = {kind: Target(path.name, path.read_bytes(), _image) for kind, path in made.items()}
    omicron = found["omicron"]
    found["omicron"] = Target(omicron.name, omicron.content, _image, beside)
    found["omicron settings"] = Target(
        settings.name,
        settings.read_bytes(),
        lambda path: _image(path.parent / omicron.name),
        {omicron.name: omicron.content},
    )
    return found


def _labels(folder: Path) -> dict[str, Target]:
    write_labels(folder / "a.tif", LABELS)
    write_rois(folder / "b.zip", LABELS)
    write_coco(folder / "c.json", {"a.tif": LABELS})
    write_geojson(folder / "d.geojson", LABELS)
    np.save(folder / "e_seg.npy", {"masks": LABELS}, allow_pickle=True)
    content = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {
        "labels": Target("a.tif", content["a.tif"], read_labels),
        "class map": Target("a_classes.tif", content["a.tif"], read_classes),
        "imagej rois": Target("b.zip", content["b.zip"], _particles),
        "coco": Target("c.json", content["c.json"], _particles),
        "geojson": Target("d.geojson", content["d.geojson"], _particles),
        "cellpose": Target("e_seg.npy", content["e_seg.npy"], _particles),
    }


def _others(folder: Path) -> dict[str, Target]:
    index = write_maps(small(), folder / "maps")
    maps = {path.name: path.read_bytes() for path in index.parent.iterdir()}
    kinds = {"map index": index.name}
    kinds |= {"map png": min(name for name in maps if name.endswith(".png"))}
    kinds |= {"map description": next(name for name in maps if name.endswith(".xml"))}
    found = {
        kind: Target(
            name,
            maps[name],
            lambda path: read_maps(path.parent),
            {other: content for other, content in maps.items() if other != name},
        )
        for kind, name in kinds.items()
    }
    stream = io.BytesIO()
    np.save(stream, RNG.random((3, 5, 6)))
    config = (shipped("trained_models") / "particles" / "config.json").read_bytes()
    as_json = json.dumps({"clusters": 3, "features": "faint"}).encode()
    as_toml = b'clusters = 3\nfeatures = "faint"\n'
    return found | {
        "volume": Target("a.npy", stream.getvalue(), _volume),
        "options, json": Target("a.json", as_json, ClusterOptions.from_file),
        "options, toml": Target("a.toml", as_toml, ClusterOptions.from_file),
        "model": Target("config.json", config, lambda path: read_config(path.parent)),
    }
