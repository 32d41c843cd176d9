"""Readers of files, one family of formats per file; a new one is a file here and a line in `FAMILIES`."""

from autoseg.images.readers import (
    common,
    digital_micrograph,
    emd,
    gwyddion,
    igor,
    mrc,
    nanonis,
    ome_zarr,
    omicron,
    simple_field,
    tia,
    tiff,
)

FAMILIES = (
    tiff.FAMILY,
    common.FAMILY,
    nanonis.FAMILY,
    omicron.FAMILY,
    gwyddion.FAMILY,
    simple_field.FAMILY,
    igor.FAMILY,
    digital_micrograph.FAMILY,
    emd.FAMILY,
    tia.FAMILY,
    ome_zarr.FAMILY,
    mrc.FAMILY,  # the last one: its files begin with nothing that is theirs alone
)

ENDINGS = frozenset(ending for family in FAMILIES for ending in family.endings)
"Endings of files, in small letters, that `images_in` takes for images."
