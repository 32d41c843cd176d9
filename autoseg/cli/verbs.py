"""What the command does: the overview of `autoseg --help`. The file `NAME.py` beside this one holds `NAME()`."""

from __future__ import annotations

import logging
from typing import NamedTuple

from cyclopts import Group

NETWORK, PARTICLES, SURFACES, GRAINS, ZONES, FITTING, READING, REPORT, MANY, EVERYWHERE = (
    Group(name, sort_key=place)
    for place, name in enumerate(
        (
            "Network",
            "Particles",
            "Surfaces",
            "Grains",
            "Zones",
            "Layers",
            "Reading",
            "Report",
            "Many images",
            "Everywhere",
        ),
        start=1,
    )
)
"Parts of a verb's help, in their order."


class Verb(NamedTuple):
    """A verb of the command line; its module is imported when it is used."""

    name: str
    help: str
    "One sentence for the overview; what follows an empty line is for the verb's own help."
    example: str
    backend: str | None = None
    "The backend that suits it best, if it is installed and nobody chose one. None: as elsewhere."
    level: int = logging.WARNING
    "From which level on what is logged is shown."
    by_wing: bool = False
    "Whether it is followed by the name of a wing, each of which has options of its own."


VERBS = (
    Verb(
        "demo",
        "Segment the micrographs that come with autoseg, score the result, and write a report, within a minute.",
        "autoseg demo --output my_first_report",
        backend="openvino",
    ),
    Verb(
        "segment",
        "Find the particles in micrographs with a trained model, and measure them.\n\n"
        "Writes particles.csv (one particle a row), summary.csv, report.html, which opens in a browser, run.json, and "
        "for each image its labels, probability, overlay and ImageJ ROIs. A file that cannot be segmented is listed in "
        "failures.csv, and the rest goes on. A model of surfaces finds defects in scans instead, and counts them.",
        "autoseg segment micrographs --model particles --output results",
        backend="openvino",
    ),
    Verb(
        "measure",
        "Measure label images or masks, from any program, without a network.\n\n"
        "Writes particles.csv (one particle a row), summary.csv, report.html, which opens in a browser, and for each "
        "image its labels, overlay and ImageJ ROIs. A file that cannot be measured is listed in failures.csv.",
        "autoseg measure masks --images micrographs --pixel-size 2.5 --output results",
    ),
    Verb(
        "merge",
        "Make tables and report of a batch whose shards were worked on apart.\n\n"
        "`autoseg segment` and `autoseg measure` with --shard 1/8, 2/8 and so on, given the same output, work on a "
        "part of the images each, on whatever machines; what this makes of them is what one run would have made.",
        "autoseg merge results",
        backend="openvino",
    ),
    Verb(
        "evaluate",
        "Score segmentations against the truth: label images, masks or class maps, from any program.\n\n"
        "Files of two folders belong together if their names are the same; _labels or _classes before the ending does "
        "not matter. "
        "Scores of particles are one to one, at an IoU of 0.5: a missed, false, merged or split particle always costs. "
        "Best IoU is that of each true particle, averaged; image IoU that of all foreground pixels; the D50 error "
        "compares the median diameters. Classes are scored by their pixels, and by their connected regions as objects.",
        "autoseg evaluate results truth --images micrographs --output scores",
    ),
    Verb(
        "run",
        "Train a network on your own micrographs, without a single label, and measure them with it.\n\n"
        "sem is for particles in electron micrographs. All that is needed are micrographs and a few dozen example "
        "outlines. stm is for defects of 2x1 surfaces: it makes up topographies, learns from them and scores itself. "
        "microct is for grains in slices of tomograms: it learns from a handful of labelled slices, from unlabelled "
        "ones, and from simulated ones. What is interrupted goes on where it was, when it is run again.",
        "autoseg run sem --profile cpu --images micrographs --outlines outlines --folder my_run",
        level=logging.INFO,  # which of the stages is at work, for hours
    ),
    Verb(
        "simulate",
        "Simulate images of which it is known what they show.\n\n"
        "sem simulates masks of particles from example outlines: 00000_mask.tif with dark rims between particles, "
        "00000_labels.tif with a number for each particle, and so on. stm makes up topographies of 2x1 surfaces with "
        "defects: images, class masks, row masks and a number for each defect, in folders of their own. "
        "microct simulates slices of tomograms, and volumes of grains.",
        "autoseg simulate sem --outlines examples --count 20 --output masks --max-overlap 0.05",
        by_wing=True,
    ),
    Verb(
        "cluster",
        "Divide ellipsometric maps into zones by their spectra.\n\n"
        "Writes the zones as a label image, their mean spectra as a table and for programs that fit layers, run.json, "
        "and report.html, which opens in a browser. Values that were not measured are never made up.",
        "autoseg cluster my_measurement --clusters 4 --estimate --output zones",
    ),
    Verb(
        "app",
        "Open the app in a browser: for those who would rather look and click.\n\n"
        "It runs on this computer alone, and sends nothing anywhere. Stop it with Ctrl-C.",
        "autoseg app --port 8600",
        backend="openvino",
    ),
    Verb(
        "grains",
        "Find the grains in a volume, such as a tomogram, part those that touch, and measure them.\n\n"
        "A volume is a folder of slices, a TIFF of many pages, or a .npy, HDF5, Zarr or raw file. It is read slice by "
        "slice, and need not fit into the memory. Written are the labels, one number for each grain through all "
        "slices, and the probability as volumes, grains.csv, slices.csv, run.json, and report.html, which opens in a "
        "browser.",
        "autoseg grains tomogram.tif --model my_model --voxel-size 22 --output results",
        backend="openvino",
    ),
    Verb(
        "grey",
        "Write scans of surfaces as grey pictures of 8 bits, as networks see them: level, at 18 px per row.\n\n"
        "Label them, and `autoseg run stm --data FOLDER` learns from them.",
        "autoseg grey scans --output pictures",
    ),
    Verb(
        "tidy",
        "Delete masks of surfaces whose pictures are gone, after a question.\n\n"
        "The folder is laid out as `autoseg simulate stm` writes it. What was deleted is listed in deleted_masks.txt.",
        "autoseg tidy my_data",
    ),
    Verb(
        "models",
        "List the trained models that come with autoseg, or show what is known about one.",
        "autoseg models particles",
    ),
    Verb(
        "export",
        "Write a trained network for other programs: ONNX, OpenVINO, bioimage.io, or TensorFlow SavedModel.\n\n"
        "It takes images of any size. A JSON file beside it tells how an image is prepared for it, and what comes out.",
        "autoseg export particles --format onnx --output particles.onnx",
        backend="tensorflow",
    ),
    Verb(
        "read",
        "Show what autoseg reads from micrographs: size, depth, pixel size, info bar, and where it knows them from.",
        "autoseg read sample.tif other.png --page 2",
    ),
    Verb(
        "datasets",
        "List public data sets with their licences, or fetch one.",
        "autoseg datasets tio2 --output data",
    ),
    Verb("doctor", "Tell versions, backend, devices and memory, and what to install.", "autoseg doctor --json"),
)
