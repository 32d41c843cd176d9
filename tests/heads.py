"""A head of each kind, and one with a second output."""

from autoseg.heads import Head, Output

CLASSES = ("background", "grain", "pore")
HEADS = {
    "mask": Head(kind="mask"),
    "instances": Head(kind="instances"),
    "classes": Head(kind="classes", classes=CLASSES),
    "classes and rows": Head(
        kind="classes", classes=CLASSES, also=[Output(name="rows", channels=("rows",), activation="linear")]
    ),
}
