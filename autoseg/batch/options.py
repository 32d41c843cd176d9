"""How a batch is worked through; its results do not depend on it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from autoseg.options import Options


def _checked_address(address: str | None) -> str | None:
    """Refuse what is no address."""
    if address is not None and not address.startswith(("tcp://", "tls://", "ucx://", "ws://", "wss://")):
        raise ValueError('must be an address, such as "tcp://127.0.0.1:8786"')
    return address


def _checked_shard(shard: str | None) -> str | None:
    """Refuse what is no part of a whole."""
    if shard is None:
        return None
    part, _, whole = shard.partition("/")
    if not (part.isdecimal() and whole.isdecimal() and 1 <= int(part) <= int(whole)):
        raise ValueError('must be a part and the number of parts, such as "2/8"')
    return f"{int(part)}/{int(whole)}"


class BatchOptions(Options):
    """How many images are worked through: from where, in which steps, by whom."""

    chunk: int = Field(64, ge=1)
    "So many images are committed together: what is interrupted goes on after the last chunk."
    workers: int | None = Field(None, ge=1)
    "So many processes work on this machine, and share its cores. Not set: this process alone."
    scheduler: Annotated[str | None, AfterValidator(_checked_address)] = None
    """Address of a Dask scheduler, such as tcp://127.0.0.1:8786, whose workers do the work; needs the package
    distributed."""
    shard: Annotated[str | None, AfterValidator(_checked_shard)] = None
    """Work only on part K of N of the images, as K/N says: N such runs, on whatever machines, share the work without
    knowing each other. Then `autoseg merge` makes tables and report."""
    retry_failed: bool = False
    "Try images again that failed before."
    anew: bool = False
    "Forget what an earlier run has left in the folder, and begin anew."

    @model_validator(mode="after")
    def _one_crew(self) -> Self:
        if self.workers and self.scheduler:
            raise ValueError("workers are processes of this machine, and a scheduler has its own: give one of them")
        return self

    @model_validator(mode="after")
    def _shards_begin_together(self) -> Self:
        if self.shard and self.anew:
            raise ValueError("a shard cannot begin anew, as it would remove what others have done: remove the folder")
        return self
