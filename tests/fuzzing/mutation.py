"""Damage to files, the same for the same random numbers: bits, bytes, lengths, pieces lost, doubled and swapped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

EXTREMES = [
    (0).to_bytes(4, "little"),
    b"\xff" * 4,
    b"\xff\xff\xff\x7f",
    b"\x7f\xff\xff\xff",
    b"\0\0\0\x80",
    b"\1\0\0\0",
]
WORDS = [
    b"NaN",
    b"1e999",
    b"-1",
    b"null",
    b"{",
    b"]",
    b'"',
    b"\0",
    b"999999999999999999999",
    "ä\u202e".encode(),
    b"../",
]


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """The content, damaged in one to six ways; damage is likely near the beginning, where headers are."""
    damaged = bytearray(content)
    for _ in range(int(rng.integers(1, 7))):
        WAYS[int(rng.integers(len(WAYS)))](damaged, rng)
    return bytes(damaged)


def _place(content: bytearray, rng: np.random.Generator) -> int:
    return int(len(content) * rng.random() ** rng.choice([1, 3])) if content else 0


def _flip(content: bytearray, rng: np.random.Generator) -> None:
    if content:
        content[min(_place(content, rng), len(content) - 1)] ^= 1 << int(rng.integers(8))


def _set(content: bytearray, rng: np.random.Generator) -> None:
    if content:
        content[min(_place(content, rng), len(content) - 1)] = int(rng.integers(256))


def _extreme(content: bytearray, rng: np.random.Generator) -> None:
    place, value = _place(content, rng), EXTREMES[int(rng.integers(len(EXTREMES)))]
    content[place : place + len(value)] = value


def _word(content: bytearray, rng: np.random.Generator) -> None:
    place, word = _place(content, rng), WORDS[int(rng.integers(len(WORDS)))]
    content[place : place + int(rng.integers(0, len(word) + 1))] = word


def _lose(content: bytearray, rng: np.random.Generator) -> None:
    place = _place(content, rng)
    del content[place : place + int(rng.geometric(0.1))]


def _double(content: bytearray, rng: np.random.Generator) -> None:
    place, length = _place(content, rng), int(rng.geometric(0.05))
    content[place:place] = content[place : place + length]


def _cut(content: bytearray, rng: np.random.Generator) -> None:
    if rng.random() < 0.2:
        del content[int(len(content) * rng.random()) :]


WAYS: tuple[Callable[[bytearray, np.random.Generator], None], ...] = (
    _flip,
    _set,
    _extreme,
    _word,
    _lose,
    _double,
    _cut,
)
