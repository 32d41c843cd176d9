"""What the package is stands in setup.cfg, but for this: its parts are found, and two folders travel inside it."""

from setuptools import find_packages, setup

SHIPPED = ["autoseg._shipped.trained_models", "autoseg._shipped.datasets"]  # so that they are found from any folder

setup(packages=[*find_packages(include=["autoseg", "autoseg.*"]), *SHIPPED])
