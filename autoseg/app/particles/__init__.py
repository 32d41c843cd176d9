"""The page about particles: from micrographs to labels, corrected by hand, sizes and a report."""
