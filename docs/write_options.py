"""Writes the options reference from the command line itself, so that it cannot go stale."""

from __future__ import annotations

from pathlib import Path

from autoseg.cli import commands


def options_reference() -> str:
    """Every command with its options, as Markdown; one heading per command."""
    return commands.generate_docs(output_format="markdown")


def write_options(folder: Path) -> Path:
    """Writes `options.md` into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "options.md"
    path.write_text(options_reference(), encoding="utf-8")
    return path
