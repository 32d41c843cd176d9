"""Many images: planned, worked through in chunks that are committed one by one, and put together into a report."""
