"""What is looked for on 2x1 surfaces: the classes of defects, and the rows beside them."""

from __future__ import annotations

from autoseg.heads import ClassLabel, Head, Output

LEGEND = (
    ClassLabel(name="background", colour="#000000"),
    ClassLabel(name="1-dimer", colour="#d55e00"),
    ClassLabel(name="2-dimer", colour="#009e73"),
    ClassLabel(name="double-dimer", colour="#f0e442"),
)
"Rows and all else; a missing dimer; a defect of the C type, on two dimers; two missing dimers."
SINGLE, TWO, DOUBLE = 1, 2, 3
DEFECTS = (SINGLE, TWO, DOUBLE)
ROWS = "rows"
"Name of the further output that tells rows of dimers from the troughs between them."


def surface_head(rows: bool = True) -> Head:
    """What a network of this wing predicts: the classes of defects, and the rows of dimers unless they are left out.

    >>> surface_head().network_outputs
    (('classes', 4, 'softmax'), ('rows', 1, 'sigmoid'))
    """
    also = (Output(name=ROWS, channels=(ROWS,)),) if rows else ()
    return Head(kind="classes", classes=LEGEND, also=also)
