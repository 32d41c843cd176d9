"""autoseg models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autoseg.cli.parameters import AsJson
from autoseg.cli.tables import aligned
from autoseg.errors import ModelError
from autoseg.files import shipped, shipped_models
from autoseg.segmentation.channels import CHANNELS

NO_CARD = "This model has no card"


def models(name: str | None = None, /, *, as_json: AsJson = False) -> int:
    """Print a line for each shipped model and what it is for, or what a model's card says.

    Parameters
    ----------
    name
        Show the card of this model, or of a model folder.
    """
    if name is not None:
        found = _describe(_folder(name))
        print(json.dumps(found, indent=2) if as_json else found["card"].strip() or f"{NO_CARD}.")
        return 0
    all_of_them = [_describe(_folder(name)) for name in shipped_models()]
    if as_json:
        print(json.dumps(all_of_them, indent=2))
    elif all_of_them:
        rows = [_row(found) for found in all_of_them]
        print(aligned(list(rows[0]), [list(row.values()) for row in rows], texts=len(rows[0])), end="\n\n")
        print("\n".join(f"{found['name']}: {_first_sentence(found['card']) or NO_CARD}." for found in all_of_them))
    else:
        print("No trained models come with this version.")
    return 0


def _folder(name: str) -> Path:
    return shipped("trained_models") / name if name in shipped_models() else Path(name)


def _describe(folder: Path) -> dict[str, Any]:
    """What the files of a model say; its weights are not loaded."""
    card = folder / "CARD.md"
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = (folder / "model.weights.h5").stat().st_size
        text = card.read_text(encoding="utf-8") if card.is_file() else ""
    except OSError as error:
        names = ", ".join(shipped_models()) or "none"
        problem = f"is no model folder ({error.strerror}: {error.filename})"
        raise ModelError(problem, file=folder, advice=f"Shipped models: {names}.") from None
    except ValueError:
        raise ModelError("is damaged", file=folder / "config.json", advice="Copy or download it again.") from None
    return {"name": folder.resolve().name, "folder": str(folder), "weights_bytes": weights, **config, "card": text}


def _row(found: dict[str, Any]) -> dict[str, str]:
    """What the table tells of a model, by the heads of its columns."""
    architecture = found.get("architecture", {})
    channels = architecture.get("channels") or sum(output[1] for output in architecture.get("outputs", [["", 1]]))
    return {
        "model": found["name"],
        "network": str(architecture.get("architecture", "unknown")),
        "tells": ", ".join(CHANNELS[:channels]) if channels in (1, len(CHANNELS)) else f"{channels} channels",
        "MB": f"{found['weights_bytes'] / 1e6:.1f}",
        "particles": str(found.get("polarity", "unknown")),
        "diameter": _range(found.get("diameter_range"), " px"),
        "nm/px": _range(found.get("pixel_size_range")),
        "F1": ", ".join(map(_score, found.get("scores", []))) or "-",
    }


def _range(limits: Sequence[float] | None, unit: str = "") -> str:
    return f"{limits[0]:g} to {limits[1]:g}{unit}" if limits else "any"


def _score(score: dict[str, Any]) -> str:
    """Such as "0.78 on 20 SEM images of TiO2"; the deviation is that of several trainings."""
    deviation = score.get("spread", {}).get("f1")
    return f"{score['f1']:.2f}{f' ± {deviation:.2f}' if deviation else ''} on {score['count']} {score['images']}"


def _first_sentence(card: str) -> str:
    """The first sentence of the card's text, its heading left out."""
    paragraphs = [line for line in card.splitlines() if line.strip() and not line.startswith(("#", "-", "|", "!"))]
    return paragraphs[0].partition(". ")[0].removesuffix(".") if paragraphs else ""
