"""Simulated particles: outlines, where they lie, and how they look."""
