"""How networks learn: one trainer per file, with one step each, written once for all backends."""
