"""Pixel size and info bar from the metadata that microscopes write into their files, or into text files beside them.

A wrong pixel size is worse than none: nothing is guessed from a resolution in dots per inch, and what contradicts
itself or the image is refused with a note.
"""

from __future__ import annotations

import codecs
import math
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tifffile import RESUNIT, TiffFile, TiffFileError, TiffPage

_TESCAN_TAG = 50431
_LARGEST = 1e6  # nm: no microscope has larger pixels
_LARGEST_BARE = 1e4  # nm: a resolution from an unknown program must at least be plausible for a micrograph
_LONGEST_SIDECAR = 1_000_000  # bytes
NANOMETRES = {
    "pm": 1e-3,
    "å": 0.1,
    "nm": 1.0,
    **dict.fromkeys(("um", "μm", "micron", "microns"), 1e3),
    "mm": 1e6,
    "cm": 1e7,
    "m": 1e9,
}


@dataclass(frozen=True)
class Calibration:
    """What the metadata say: pixel size in nm and the row where the info bar begins, each None where they do not."""

    pixel_size: float | None
    pixel_size_source: str
    info_bar: int | None
    info_bar_source: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Claim:
    """What one source says, unchecked."""

    source: str
    key: str
    width: float | None  # of a pixel, in nm
    height: float | None = None
    rows: int | None = None  # of the field of view, without the info bar
    columns: int | None = None
    bare: bool = False  # a resolution from an unknown program: asked last


def calibrate(path: Path, shape: tuple[int, int]) -> Calibration:
    """Pixel size and info bar of an image of `shape` (rows, columns, bar included), read from `path`.

    The file's own metadata are asked first, then the text files beside it; the first usable answer counts.
    """
    notes: list[str] = []
    claims = _inside(path, shape, notes)
    if not any(claim.width and not claim.bare for claim in claims):
        claims = sorted([*claims, *_beside(path, shape, notes)], key=lambda claim: claim.bare)
    return Calibration(*_pixel_size(claims, shape, notes), *_info_bar(claims, shape), tuple(notes))


def _pixel_size(claims: Iterable[_Claim], shape: tuple[int, int], notes: list[str]) -> tuple[float | None, str]:
    for claim in claims:
        source = f"{claim.source}: {claim.key}"
        if claim.width is None:
            notes.append(f"{source} is missing or has no number.")
        elif not 0 < claim.width <= _LARGEST:
            notes.append(f"{source} was ignored, because it says {claim.width:g} nm.")
        elif problem := _contradiction(claim, shape):
            notes.append(f"{source} was refused, because {problem}.")
            return None, f"refused: {source}"
        else:
            return claim.width, source
    return None, "no calibration found"


def _contradiction(claim: _Claim, shape: tuple[int, int]) -> str | None:
    if not _describes(claim, shape):
        recorded = f"{claim.columns or '?'} x {claim.rows or '?'}"
        return f"it belongs to an image of {recorded} pixels, and this has {shape[1]} x {shape[0]}"
    if claim.width and claim.height is not None and not math.isclose(claim.width, claim.height, rel_tol=0.01):
        return f"the pixels are not square ({claim.width:g} x {claim.height:g} nm)"
    return None


def _describes(claim: _Claim, shape: tuple[int, int]) -> bool:
    """Whether the recorded field is as wide as the image and no higher: the image may have been scaled or cropped."""
    return claim.columns in (None, shape[1]) and (claim.rows is None or claim.rows <= shape[0])


def _info_bar(claims: Iterable[_Claim], shape: tuple[int, int]) -> tuple[int | None, str]:
    for claim in claims:
        if claim.rows is not None and 0 < claim.rows < shape[0] and _describes(claim, shape):
            return claim.rows, f"{claim.source}: height of the field"
    return None, "not in the metadata"


def _inside(path: Path, shape: tuple[int, int], notes: list[str]) -> list[_Claim]:
    """Claims of a TIFF file's own metadata; other formats carry nothing that can be trusted."""
    try:
        with TiffFile(path) as file:
            page = file.pages.first
            claims = [claim for claim in _tiff_claims(file, page, shape[0]) if claim is not None]
            if claims and (page.imagelength, page.imagewidth) != shape:
                notes.append("The metadata were ignored, because they belong to page 1, which has another size.")
                return []
            return claims
    except TiffFileError:
        return []
    except Exception as error:  # metadata can be broken in countless ways, and the pixels are fine
        notes.append(f"The metadata could not be read ({error}).")
        return []


def _tiff_claims(file: TiffFile, page: TiffPage, rows: int) -> Iterator[_Claim | None]:
    if file.sem_metadata:
        yield _zeiss(file.sem_metadata)
    if file.fei_metadata:
        yield _fei(file.fei_metadata)
    if _TESCAN_TAG in page.tags:
        yield _tescan(_text(page.tags[_TESCAN_TAG].value), rows, f"tag {_TESCAN_TAG}")
    if file.ome_metadata:
        yield _ome(file.ome_metadata)
    if file.imagej_metadata:
        yield _imagej(file.imagej_metadata, page)
    elif page.tags.valueof(296) == RESUNIT.CENTIMETER:
        yield _per_centimetre(page)


def _zeiss(metadata: Mapping[str, Any]) -> _Claim:
    # Not "ap_pixel_size": that is the pixel on the microscope's screen. The entry is (name, value, unit).
    _, value, unit = (*metadata.get("ap_image_pixel_size", ()), None, None, None)[:3]
    return _Claim("Zeiss metadata", "Image Pixel Size", _length(value, unit))


def _fei(metadata: Mapping[str, Any]) -> _Claim:
    section = {name: values for name, values in metadata.items() if isinstance(values, Mapping)}
    scan, image = section.get("Scan", {}), section.get("Image", {})
    rows, columns = _count(image.get("ResolutionY")), _count(image.get("ResolutionX"))
    key, width, height = "Scan PixelWidth", _length(scan.get("PixelWidth"), "m"), _length(scan.get("PixelHeight"), "m")
    if width is None and rows and columns:
        active = str(section.get("Beam", {}).get("Beam"))
        for beam in (name for name in (active, "IRBeam", "EBeam") if "HFW" in section.get(name, {})):
            across, down = (_length(section[beam].get(field), "m") for field in ("HFW", "VFW"))
            key, width = f"{beam} HFW / Image ResolutionX", across and across / columns
            height = down and down / rows
            break
    return _Claim("FEI metadata", key, width, height, rows, columns)


def _tescan(text: str, image_rows: int, place: str) -> _Claim | None:
    if "PixelSizeX" not in text:
        return None
    width, height = (_length(_entry(text, key), "m") for key in ("PixelSizeX", "PixelSizeY"))
    strip = _count(_entry(text, "ImageStripSize"))
    rows = image_rows - strip if strip else None
    return _Claim(f"TESCAN metadata ({place})", "PixelSizeX", width, height, rows)


def _ome(xml: str) -> _Claim | None:
    from defusedxml.ElementTree import fromstring

    sizes = {
        (
            _length(pixels.get("PhysicalSizeX"), pixels.get("PhysicalSizeXUnit", "µm")),
            _length(pixels.get("PhysicalSizeY"), pixels.get("PhysicalSizeYUnit", "µm")),
        )
        for pixels in fromstring(xml).iterfind(".//{*}Pixels[@PhysicalSizeX]")
    }
    if len(sizes) > 1:
        raise ValueError("its images have different pixel sizes")
    return _Claim("OME metadata", "PhysicalSizeX", *sizes.pop()) if sizes else None


def _imagej(metadata: Mapping[str, Any], page: TiffPage) -> _Claim | None:
    unit = str(metadata.get("unit", "")).replace(r"\u00B5", "µ")
    if _length(1, unit) is None:  # pixels, inches, or nothing
        return None
    width, height = (_length(_pixel(page, tag), unit) for tag in (282, 283))
    return _Claim("ImageJ metadata", f"{unit} per pixel", width, height)


def _per_centimetre(page: TiffPage) -> _Claim | None:
    width, height = (_length(_pixel(page, tag), "cm") for tag in (282, 283))
    if width is None or width >= _LARGEST_BARE:
        return None
    return _Claim("TIFF resolution", "per cm", width, height, bare=True)


def _pixel(page: TiffPage, tag: int) -> float | None:
    """A pixel's length in units of the resolution, which TIFF stores as a fraction of pixels per unit."""
    pixels, units = page.tags.valueof(tag, default=(0, 0))
    return units / pixels if pixels else None


def _beside(path: Path, shape: tuple[int, int], notes: list[str]) -> Iterator[_Claim]:
    for name, text in _sidecars(path, notes):
        readers = (_jeol, _hitachi) if name.lower().endswith(".txt") else (_tescan,)
        claims = (reader(text, shape[0], name) for reader in readers)
        yield from (claim for claim in claims if claim is not None)


def _sidecars(path: Path, notes: list[str]) -> Iterator[tuple[str, str]]:
    """Name and text of `a.txt`, `a.tif.txt`, `a.hdr` and `a-tif.hdr` beside `a.tif`, in any case."""
    stem, suffix = path.stem.lower(), path.suffix.lower()
    names = {f"{stem}.txt", f"{stem}{suffix}.txt", f"{stem}.hdr", f"{stem}-{suffix[1:]}.hdr"} - {path.name.lower()}
    try:
        found = sorted(entry.name for entry in os.scandir(path.parent) if entry.name.lower() in names)
    except OSError as error:
        notes.append(f"The folder could not be searched for text files beside the image ({error.strerror}).")
        return
    for name in found:
        try:
            with (path.parent / name).open("rb") as stream:
                yield name, _text(stream.read(_LONGEST_SIDECAR))
        except OSError as error:
            notes.append(f"{name} beside the image could not be read ({error.strerror}).")


def _jeol(text: str, _: int, place: str) -> _Claim | None:
    if "$CM_" not in text and "$SM_" not in text:
        return None
    marker = re.match(r"([\d.,]+)\s*(\S+)", _entry(text, "$$SM_MICRON_MARKER"))
    length, bar = _length(*marker.groups()) if marker else None, _number(_entry(text, "$$SM_MICRON_BAR"))
    width = length / bar if length is not None and bar else None
    columns, rows = _two_counts(_entry(text, "$CM_FULL_SIZE"))
    return _Claim(f"JEOL metadata ({place})", "SM_MICRON_MARKER / SM_MICRON_BAR", width, None, rows, columns)


def _hitachi(text: str, _: int, place: str) -> _Claim | None:
    if "[SemImageFile]" not in text:
        return None
    columns, rows = _two_counts(_entry(text, "DataSize"))
    width = _length(_entry(text, "PixelSize"), "nm")
    return _Claim(f"Hitachi metadata ({place})", "PixelSize", width, None, rows, columns)


def _text(content: bytes | str | tuple[int, ...]) -> str:
    """Text in the encoding its byte order mark tells, else UTF-8 or, failing that, Latin-1, which takes anything."""
    if isinstance(content, str):
        return content
    content = content if isinstance(content, bytes) else bytes(number & 255 for number in content)
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _entry(text: str, key: str) -> str:
    """What follows `key` on its line, after "=" or a blank."""
    found = re.search(rf"(?<![\w$]){re.escape(key)}[ \t=]+([^\r\n\0]*)", text)
    return found[1].strip() if found else ""


def _length(value: Any, unit: str | None) -> float | None:
    """A length in nm. The µ of a unit may be either of two Unicode characters."""
    number = _number(value)
    factor = NANOMETRES.get(unicodedata.normalize("NFKC", unit or "").strip().lower())
    return None if number is None or factor is None else number * factor


def _number(value: Any) -> float | None:
    try:
        return float(str(value).replace(",", "."))
    except ValueError:
        return None


def _two_counts(text: str) -> tuple[int | None, int | None]:
    numbers = re.findall(r"\d+", text)
    return (int(numbers[0]), int(numbers[1])) if len(numbers) == 2 else (None, None)


def _count(value: Any) -> int | None:
    return int(value) if str(value).isdecimal() and int(value) > 0 else None
