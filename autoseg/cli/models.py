"""autoseg models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autoseg.cli.parameters import AsJson
from autoseg.cli.tables import aligned
from autoseg.errors import ModelError
from autoseg.files import shipped_models
from autoseg.heads import Head
from autoseg.models.config import CARD, WEIGHTS, find_model, read_config

NO_CARD = "This model has no card"


def models(name: str | None = None, /, *, as_json: AsJson = False) -> int:
    """Print a line for each shipped model and what it is for, or what a model's card says.

    Parameters
    ----------
    name
        Show the card of this model, or of a model folder.
    """
    if name is not None:
        found = _describe(find_model(name))
        print(json.dumps(found, indent=2) if as_json else found["card"].strip() or f"{NO_CARD}.")
        return 0
    all_of_them = [_describe(find_model(name)) for name in shipped_models()]
    if as_json:
        print(json.dumps(all_of_them, indent=2))
    elif all_of_them:
        rows = [_row(found) for found in all_of_them]
        print(aligned(list(rows[0]), [list(row.values()) for row in rows], texts=len(rows[0])), end="\n\n")
        print("\n".join(f"{found['name']}: {_first_sentence(found['card']) or NO_CARD}." for found in all_of_them))
    else:
        print("No trained models come with this version.")
    return 0


def _describe(folder: Path) -> dict[str, Any]:
    """What the files of a model say; its weights are not loaded."""
    config, weights, card = read_config(folder), folder / WEIGHTS, folder / CARD
    if not weights.is_file():
        raise ModelError(f"is incomplete: it has no {WEIGHTS}", file=folder, advice="Copy or download the model again.")
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    about = {"name": folder.resolve().name, "folder": str(folder), "weights_bytes": weights.stat().st_size}
    return {**about, **config.model_dump(mode="json"), "card": text}


def _row(found: dict[str, Any]) -> dict[str, str]:
    """What the table tells of a model, by the heads of its columns."""
    head = Head(**found["head"]) if found["head"] else None
    particles = head is not None and head.finds_particles
    return {
        "model": found["name"],
        "network": str(found["architecture"].get("architecture", "unknown")),
        "predicts": head.describe() if head else "no segmentation",
        "MB": f"{found['weights_bytes'] / 1e6:.1f}",
        "particles": found["polarity"] if particles else "-",
        "diameter": _range(found["diameter_range"], " px") if particles else "-",
        "score": ", ".join(map(_score, found["scores"])) or "-",
    }


def _range(limits: Sequence[float] | None, unit: str = "") -> str:
    return f"{limits[0]:g} to {limits[1]:g}{unit}" if limits else "any"


def _score(score: dict[str, Any]) -> str:
    """Such as "F1 0.78 on 20 SEM images of TiO2"; the deviation is that of several trainings."""
    images = f"on {score['count']} {score['images']}"
    if "dice" in score:
        return f"Dice {score['dice']:.2f} {images}"
    if "mean_iou" in score:
        return f"mean IoU {score['mean_iou']:.2f} {images}"
    deviation = score["spread"].get("f1")
    return f"F1 {score['f1']:.2f}{f' ± {deviation:.2f}' if deviation else ''} {images}"


def _first_sentence(card: str) -> str:
    """The first sentence of the card's text, its heading left out."""
    paragraphs = [line for line in card.splitlines() if line.strip() and not line.startswith(("#", "-", "|", "!"))]
    return paragraphs[0].partition(". ")[0].removesuffix(".") if paragraphs else ""
