"""Parameters that several verbs have. Each option has its plain name and, as in Python, one with that of its class."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from autoseg.batch.options import BatchOptions
from autoseg.cli.verbs import MANY, READING
from autoseg.images.micrograph import ReadOptions

AsJson = Annotated[bool, Parameter(name="--json", negative=(), show_default=False, help="Print JSON for machines.")]
Reading = Annotated[ReadOptions, Parameter(name=["*", "read"], group=READING)]
ManyImages = Annotated[BatchOptions, Parameter(name="*", group=MANY, negative=())]
