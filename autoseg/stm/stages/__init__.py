"""Stages that only this wing has."""
