"""Made-up topographies of 2x1 surfaces with defects of which the place and the kind are known. NumPy only."""
