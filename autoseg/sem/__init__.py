"""Particles in electron micrographs, learned from unlabelled images and a few dozen example outlines."""
