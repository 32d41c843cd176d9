"""Values for what was not measured, to look at."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu

from autoseg.ellipsometry.features import from_ncs, to_ncs
from autoseg.ellipsometry.map_set import MapSet


def fill_maps(maps: MapSet) -> MapSet:
    """Maps to look at: holes are filled smoothly from their rims (Laplace's equation for N, C and S).

    What was not measured is known from `measured` of the maps that were filled; nothing is clustered or averaged over
    such values. A wavelength without any value stays empty.
    """
    delta, psi = maps.delta.copy(), maps.psi.copy()
    for place, known in enumerate(maps.measured):
        if known.all() or not known.any():
            continue
        features = np.stack(to_ncs(delta[place].astype(float), psi[place].astype(float)), axis=-1)
        angles = from_ncs(*fill_harmonic(features, known, maps.row_step)[~known].T)
        delta[place][~known], psi[place][~known] = maps.wrapped(angles[0]), angles[1]
    return dataclasses.replace(maps, delta=delta, psi=psi)


def fill_harmonic(image: np.ndarray, known: np.ndarray, row_step: float = 1.0) -> np.ndarray:
    """Images, shape (rows, columns, channels), with every unknown pixel the mean of its neighbours.

    >>> image = np.array([[[0.0], [np.nan], [np.nan], [3.0]]])
    >>> fill_harmonic(image, np.isfinite(image[..., 0]))[0, :, 0]
    array([0., 1., 2., 3.])
    """
    unknown = np.flatnonzero(~known)
    number = np.full(known.shape, -1)
    number[~known] = np.arange(len(unknown))
    filled = image.copy()
    right = np.zeros((len(unknown), image.shape[-1]))
    parts, diagonal = [], np.zeros(len(unknown))
    for axis, weight in ((0, row_step**-2), (1, 1.0)):
        one, other = np.moveaxis(number, axis, 0)[:-1], np.moveaxis(number, axis, 0)[1:]
        values = np.moveaxis(image, axis, 0)
        for here, there, beside in ((one, other, values[1:]), (other, one, values[:-1])):
            inside, rim = (here >= 0) & (there >= 0), (here >= 0) & (there < 0)
            np.add.at(diagonal, here[here >= 0], weight)
            np.add.at(right, here[rim], weight * beside[rim])
            parts.append((here[inside], there[inside], -weight))
    rows = np.concatenate([np.arange(len(unknown)), *(part[0] for part in parts)])
    columns = np.concatenate([np.arange(len(unknown)), *(part[1] for part in parts)])
    weights = np.concatenate([diagonal, *(np.full(len(part[0]), part[2]) for part in parts)])
    system = coo_array((weights, (rows, columns)), shape=(len(unknown),) * 2).tocsc()
    filled[~known] = splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(right)
    return filled
