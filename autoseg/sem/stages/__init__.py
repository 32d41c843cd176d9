"""The stages of the SEM workflow, one per file."""
