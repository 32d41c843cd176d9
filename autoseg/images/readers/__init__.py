"""Readers of files, one family of formats per file; a new one is a file here and a line in `FAMILIES`."""

from autoseg.images.readers import common, gwyddion, igor, nanonis, omicron, simple_field, tiff

FAMILIES = (
    tiff.FAMILY,
    common.FAMILY,
    nanonis.FAMILY,
    omicron.FAMILY,
    gwyddion.FAMILY,
    simple_field.FAMILY,
    igor.FAMILY,
)

ENDINGS = frozenset(ending for family in FAMILIES for ending in family.endings)
"Endings of files, in small letters, that `images_in` takes for images."
