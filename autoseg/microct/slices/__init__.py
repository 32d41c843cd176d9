"""Slices with masks of grains: which mask is whose, what it says, and how slices are shared out."""
