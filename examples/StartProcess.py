"""The whole SEM workflow: put your files into two folders, edit the options below, and run this script.

It learns from micrographs and outlines alone, without a label, and takes hours. Stopped at any time, it goes on where
it was when it is run again; a changed option redoes what depends on it, and nothing else.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # or "torch", or "jax"; whichever is installed

import logging
import shutil
from pathlib import Path

from autoseg import sem

# Folders and images
ROOT_DIR = Path(__file__).parent  # Where all of these folders are
INPUT_DIR_MASKS = ROOT_DIR / "Input_Masks"  # Some dozen images of single particles, white on black
INPUT_DIR_IMAGES = ROOT_DIR / "Input_Images"  # The micrographs, of any sizes and bit depths
TRUE_MASKS = None  # A folder of true masks, named as their micrographs, if you have some: the results are scored
OUTPUT_DIR_CYCLEGAN = ROOT_DIR / "Output_Masks_CycleGAN"  # What the cycleGAN finds in the micrographs
OUTPUT_DIR_UNET = ROOT_DIR / "Output_Masks_UNet"  # The results: labels, overlays, tables, and report.html
RUN_DIR = ROOT_DIR / "autoseg_run"  # Everything in between, a folder for each stage, with pictures of the training
PROFILE = None  # "cpu" (two cores, half an hour), "gpu" or "smoke" (a trial) replace all options from TILE_SIZE_W on
SEED = 0  # The same one gives the same results
TILE_SIZE_W = 384  # Width of the tiles from which the cycleGAN learns
TILE_SIZE_H = 384  # Height of the tiles
NUM_SIMULATED_MASKS = 1000  # As many masks are simulated, and as many tiles are cut at least
RUN_INFERENCE_ON_WHOLE_IMAGE = True  # Segment images whole; otherwise in overlapping tiles
DARK_BACKGROUND = True  # True: bright particles, as in SEM and dark-field STEM; False: dark ones, as in TEM

# Devices
USE_GPUS_NO = 1  # How many GPUs share the training
USE_GPU_FOR_WHOLE_IMAGE_INFERENCE = False  # Whole images need much memory; the CPU takes a second or two for each
ALLOW_MEMORY_GROWTH = True  # TensorFlow takes the memory of a GPU as it needs it, instead of all at once

# WGAN, which learns the outlines
WGAN_BATCH_SIZE = 64  # Outlines per training step
WGAN_EPOCHS = 1000  # How often it passes through all outlines

# Simulated masks
MIN_NO_OF_PARTICLES = 100  # Lowest number of particles on a tile
MAX_NO_OF_PARTICLES = 150  # Highest number of particles on a tile
USE_PERLIN_NOISE = True  # Gather particles in patches
PERLIN_NOISE_THRESHOLD = 0.5  # A higher one makes smaller patches, with more particles on top of each other
PERLIN_NOISE_FREQUENCY = 4  # A higher one makes more and smaller patches
USE_NORMAL_DISTRIBUTION = True  # Normal distribution of sizes; otherwise uniform
USE_RANDOM_ROTATION = "disabled"  # "random": any angle; "correlated": neighbours have similar angles
GRID_TYPE = "disabled"  # "hexagonal" or "cubic": particles lie on a lattice
MAX_OVERLAP = 0.5  # Share of a particle that may lie on others; 0.05 for transmission images

# CycleGAN, which learns to make micrographs of masks
CYCLEGAN_BATCH_SIZE = 5  # Tiles per training step
CYCLEGAN_EPOCHS = 50  # How often it passes through all tiles
CYCLEGAN_USE_SKIPS = False  # Generators learn the difference to their input alone
CYCLEGAN_FILTERS = 64  # Width of the generators: fewer are faster, and need less memory
LABEL_SMOOTHING_FACTOR = 0.0  # For example 0.1, if the discriminators become too sure
GAUSSIAN_NOISE_VALUE = 0.0  # For example 0.15: noise on what the discriminators see keeps them from winning early
GAUSSIAN_BLUR_AMOUNT = 0.0  # Blurs the fake micrographs by so many pixels, against chequered patterns

# U-Net, which learns to segment
UNET_BATCH_SIZE = 5  # Images per training step
UNET_EPOCHS = 50  # How often it passes through all images
UNET_CONTRAST_OPTIMIZATION_RANGE = (0.5, 99.5)  # Percentiles of grey values beyond which pixels are hot or cold
UNET_FILTERS = 16  # Width of the network
UNET_HEAD = "mask"  # "mask": as published; "instances": it learns to tell touching particles apart
USE_DATALOADER = False  # Read images from disk each time, for sets that do not fit into memory

# Particles in the segmented images
THRESHOLD = "otsu"  # Or a probability between 0 and 1
WATERSHED_LINES = True  # Part touching particles by a line
MIN_DISTANCE = 9  # Particles are parted where their centres are so many pixels apart; higher for fewer, larger ones


def main() -> None:
    """Run the workflow, or go on with it."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%Y-%m-%d %H:%M:%S")
    logging.getLogger("autoseg").setLevel(logging.INFO)  # which stage is at work
    os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = str(ALLOW_MEMORY_GROWTH).lower()
    options = sem.Options(
        profile=PROFILE or "published",
        images=INPUT_DIR_IMAGES,
        outlines=INPUT_DIR_MASKS,
        truth=TRUE_MASKS,
        folder=RUN_DIR,
        polarity="bright" if DARK_BACKGROUND else "dark",
        seed=SEED,
        **({} if PROFILE else settings()),
    )
    outputs = sem.run(options)
    if "filter" in outputs:  # the profile "cpu" does without a cycleGAN
        shutil.copytree(outputs["filter"].segmented, OUTPUT_DIR_CYCLEGAN, dirs_exist_ok=True)
    shutil.copytree(outputs["segment"].results, OUTPUT_DIR_UNET, dirs_exist_ok=True)
    print(f"The results are in {OUTPUT_DIR_UNET}: begin with report.html")


def settings() -> dict:
    """The options above, by their names in autoseg; there are more: `sem.Options` describes them all."""
    on_gpu = USE_GPU_FOR_WHOLE_IMAGE_INFERENCE or not RUN_INFERENCE_ON_WHOLE_IMAGE
    predict = {
        "tiles": "never" if RUN_INFERENCE_ON_WHOLE_IMAGE else max(TILE_SIZE_H, TILE_SIZE_W),
        "device": None if on_gpu else "cpu",
    }
    return {
        "prepare": {"tile": (TILE_SIZE_H, TILE_SIZE_W), "tiles": NUM_SIMULATED_MASKS},
        "train_wgan": {"batch_size": WGAN_BATCH_SIZE, "epochs": WGAN_EPOCHS, "devices": USE_GPUS_NO},
        "simulate": {
            "size": (TILE_SIZE_H, TILE_SIZE_W),
            "count": NUM_SIMULATED_MASKS,
            "particles": (MIN_NO_OF_PARTICLES, MAX_NO_OF_PARTICLES),
            "clustering": USE_PERLIN_NOISE,
            "clustering_threshold": PERLIN_NOISE_THRESHOLD,
            "noise_frequency": PERLIN_NOISE_FREQUENCY,
            "scale": "normal" if USE_NORMAL_DISTRIBUTION else "uniform",
            "rotation": USE_RANDOM_ROTATION,
            "grid": GRID_TYPE,
            "max_overlap": MAX_OVERLAP,
        },
        "train_cyclegan": {
            "batch_size": CYCLEGAN_BATCH_SIZE,
            "epochs": CYCLEGAN_EPOCHS,
            "skip": CYCLEGAN_USE_SKIPS,
            "filters": CYCLEGAN_FILTERS,
            "label_smoothing": LABEL_SMOOTHING_FACTOR,
            "noise": GAUSSIAN_NOISE_VALUE,
            "from_disk": USE_DATALOADER,
            "devices": USE_GPUS_NO,
        },
        "generate": {"predict": predict},
        "filter": {"blur": GAUSSIAN_BLUR_AMOUNT},
        "train_segmenter": {
            "batch_size": UNET_BATCH_SIZE,
            "epochs": UNET_EPOCHS,
            "percentiles": UNET_CONTRAST_OPTIMIZATION_RANGE,
            "network": {"architecture": "multires_unet", "filters": UNET_FILTERS},
            "head": UNET_HEAD,
            "from_disk": USE_DATALOADER,
            "devices": USE_GPUS_NO,
        },
        "segment": {
            "predict": predict,
            "instances": {
                "method": "distance" if UNET_HEAD == "mask" else "contact",
                "threshold": THRESHOLD,
                "lines": WATERSHED_LINES,
                "minimum_distance": MIN_DISTANCE,
            },
        },
    }


if __name__ == "__main__":
    main()
