"""The stages of the micro-CT workflow that other wings do not have."""
