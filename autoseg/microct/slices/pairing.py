"""Which mask belongs to which slice: that of the same name, else that of the same last number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autoseg.errors import ImageError
from autoseg.images.folders import images_in
from autoseg.images.readers import ENDINGS
from autoseg.images.volumes.stacks import in_order, last_number

WithoutMask = Literal["refuse", "unlabelled", "pass_over"]


@dataclass(frozen=True)
class PairedSlices:
    """Slices, in the order of the numbers in their names."""

    labelled: tuple[tuple[Path, Path], ...]
    "Image and mask."
    others: tuple[Path, ...]
    "Images without a mask."
    spare: tuple[Path, ...]
    "Masks without an image."


def pair_slices(images: Path, masks: Path, without_mask: WithoutMask = "refuse") -> PairedSlices:
    """Find the mask of each image of a folder; `without_mask` says what becomes of an image that has none.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("images/v2_07.tif", "masks/mask_007_inv.npy"):
    ...         path = Path(folder) / name
    ...         path.parent.mkdir()
    ...         path.touch()
    ...     pairs = pair_slices(Path(folder) / "images", Path(folder) / "masks")
    >>> [path.name for path in pairs.labelled[0]]
    ['v2_07.tif', 'mask_007_inv.npy']
    """
    files, candidates = in_order(images_in(images)), _masks_in(masks)
    by_stem = _grouped((path.stem.casefold(), path) for path in candidates)
    by_number = _grouped((last_number(path), path) for path in candidates)
    found = {}
    for image in files:
        own = by_stem.get(image.stem.casefold()) or by_number.get(last_number(image), [])
        if len(own) > 1:
            names = ", ".join(path.name for path in own)
            raise ImageError(f"has {len(own)} masks: {names}", file=image, advice="Leave one of them in the folder.")
        if own:
            found[image] = own[0]
    _refuse_shared(found.items())
    others = tuple(image for image in files if image not in found)
    if others and without_mask == "refuse":
        advice = f'Add its mask to {masks}, or set without_mask to "unlabelled" or "pass_over".'
        raise ImageError("has no mask, neither by its name nor by its number", file=others[0], advice=advice)
    if not found:
        raise ImageError("holds no mask of any image", file=masks, advice="Name masks as their images.")
    spare = tuple(path for path in candidates if path not in set(found.values()))
    return PairedSlices(tuple(found.items()), others if without_mask == "unlabelled" else (), spare)


def _masks_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ImageError("is not a folder", file=folder, advice="Check the name.")
    paths = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    masks = [path for path in paths if path.suffix.lower() in {*ENDINGS, ".npy"}]
    if not masks:
        raise ImageError("holds no masks", file=folder, advice="Masks are images or .npy files.")
    return in_order(masks)


def _grouped(items: Iterable[tuple[object, Path]]) -> dict[object, list[Path]]:
    groups: dict[object, list[Path]] = defaultdict(list)
    for key, path in items:
        if key is not None:
            groups[key].append(path)
    return groups


def _refuse_shared(found: Iterable[tuple[Path, Path]]) -> None:
    """One mask is not that of two images."""
    owners: dict[Path, Path] = {}
    for image, mask in found:
        if mask in owners:
            problem = f"would be the mask of {owners[mask].name} and of {image.name}"
            raise ImageError(problem, file=mask, advice="Name masks as their images.")
        owners[mask] = image


def names_of(pairs: Sequence[tuple[Path, Path]]) -> list[str]:
    """The names of labelled slices, without ending."""
    return [image.stem for image, _ in pairs]
