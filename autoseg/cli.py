"""The command `autoseg`: one short function for each verb, its options generated from the option classes.

Results go to standard output, messages to standard error. Exit codes: 0 done, 1 something failed, 2 wrong usage.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import cyclopts
import numpy as np
import pydantic
import tifffile
from cyclopts import Parameter, validators
from tqdm import tqdm

import autoseg
from autoseg.errors import AutosegError, OptionsError
from autoseg.files import shipped, shipped_models, written_whole
from autoseg.images.folders import images_in
from autoseg.images.labels import write_labels
from autoseg.images.micrograph import Micrograph, ReadOptions, read
from autoseg.options import explain
from autoseg.sem.masks import MaskOptions
from autoseg.sem.masks import simulate as simulate_mask
from autoseg.sem.outlines import from_examples, outline_from_image

app = cyclopts.App(
    name="autoseg",
    help="Particle statistics from electron micrographs, learned without a single hand-drawn label.",
    version=f"autoseg {autoseg.__version__}",
    help_format="plaintext",
    default_parameter=Parameter(negative_iterable=()),
)

AsJson = Annotated[bool, Parameter(name="--json", negative="")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        return app(arguments, exit_on_error=False, print_error=False, result_action="return_value") or 0
    except cyclopts.CycloptsError as error:
        invalid = error.__cause__
        problem = explain(invalid) if isinstance(invalid, pydantic.ValidationError) else str(error)
        return _fail(f"{problem}\nTry: autoseg --help", code=2)
    except OptionsError as error:
        return _fail(error, code=2)
    except AutosegError as error:
        return _fail(error, code=1)
    except KeyboardInterrupt:
        return _fail("stopped", code=130)


@app.command
def demo() -> int:
    """Show this installation and what autoseg reads from the micrographs that come with it.

    Example: autoseg demo
    """
    code = doctor()
    print()
    return code or show(sorted((shipped("datasets") / "samples").glob("*.tif")))


@app.command
def doctor(*, as_json: AsJson = False) -> int:
    """Tell versions, backend, devices and memory, and what to install.

    Example: autoseg doctor --json

    Parameters
    ----------
    as_json
        Print JSON for machines.
    """
    from autoseg.doctor import describe, examine

    findings = examine()
    print(json.dumps(findings, indent=2) if as_json else describe(findings))
    return 0 if findings["backend"] else 1


@app.command
def models(*, as_json: AsJson = False) -> int:
    """List the trained models that come with autoseg.

    Example: autoseg models

    Parameters
    ----------
    as_json
        Print JSON for machines.
    """
    names = shipped_models()
    print(json.dumps(names) if as_json else "\n".join(names) or "No trained models come with this version.")
    return 0


@app.command(name="read")
def show(
    images: list[Path],
    /,
    *,
    options: Annotated[ReadOptions, Parameter(name="*")] = ReadOptions(),
    as_json: AsJson = False,
) -> int:
    """Show what autoseg reads from micrographs: size, bit depth, pixel size, info bar, and where it knows them from.

    Example: autoseg read sample.tif other.png --page 2

    Parameters
    ----------
    images
        Image files.
    as_json
        Print JSON for machines.
    """
    found, code = [], 0
    for path in images:
        try:
            found.append(_summary(read(path, options)))
        except AutosegError as error:
            code = _fail(error, code=1)
    if as_json or found:
        print(json.dumps(found, indent=2) if as_json else "\n\n".join(_lines(summary) for summary in found))
    return code


@app.command
def simulate(
    *,
    outlines: Path,
    output: Path,
    count: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 10,
    seed: int = 0,
    options: Annotated[MaskOptions, Parameter(name="*")] = MaskOptions(),
) -> int:
    """Simulate masks of particles from example outlines.

    Writes 00000_mask.tif with dark rims between particles, 00000_labels.tif with a number for each particle, and so on.

    Example: autoseg simulate --outlines examples --count 20 --output masks --max-overlap 0.05

    Parameters
    ----------
    outlines
        Folder of images that show one white particle on black each.
    output
        Folder for the masks; files of the same names in it are replaced.
    count
        How many masks.
    seed
        The same one gives the same masks.
    """
    examples = [outline_from_image(read(path, info_bar="none").pixels, str(path)) for path in images_in(outlines)]
    sample = from_examples(examples)
    for number, own_seed in enumerate(tqdm(np.random.SeedSequence(seed).spawn(count), unit="mask", disable=None)):
        simulated = simulate_mask(sample, options, np.random.default_rng(own_seed))
        with written_whole(output / f"{number:05}_mask.tif") as partial:
            tifffile.imwrite(partial, simulated.mask, compression="zlib")
        write_labels(output / f"{number:05}_labels.tif", simulated.labels)
    print(f"{count} masks and their labels are in {output}")
    return 0


def _summary(micrograph: Micrograph) -> dict[str, Any]:
    height, width = micrograph.pixels.shape
    return {
        "image": str(micrograph.path),
        "width_px": width,
        "height_px": height,
        "depth": micrograph.pixels.dtype.name,
        "page": micrograph.page,
        "pages": micrograph.pages,
        "pixel_size_nm": micrograph.pixel_size,
        "pixel_size_source": micrograph.pixel_size_source,
        "info_bar_row": micrograph.info_bar,
        "info_bar_source": micrograph.info_bar_source,
        "notes": list(micrograph.notes),
    }


def _lines(summary: dict[str, Any]) -> str:
    size, bar = summary["pixel_size_nm"], summary["info_bar_row"]
    return "\n".join(
        [
            summary["image"],
            f"  size        {summary['width_px']} x {summary['height_px']} px, {summary['depth']}",
            f"  pixel size  {'unknown' if size is None else f'{size:.4g} nm'} ({summary['pixel_size_source']})",
            f"  info bar    {'none' if bar is None else f'from row {bar}'} ({summary['info_bar_source']})",
            *(f"  note        {note}" for note in summary["notes"]),
        ]
    )


def _fail(problem: object, code: int) -> int:
    print(f"autoseg: {problem}", file=sys.stderr)
    return code
