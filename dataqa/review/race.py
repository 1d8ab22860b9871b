"""Weighted random draws that come from hashes alone, so that anyone can draw them again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np


class Race:
    """Weighted draws as races: every key runs for an exponential time, the fastest one is drawn.

    The times come from hashes of draw and key, so a draw changes only where weights do; a plan
    survives that the last digits of scores differ from machine to machine. Buckets of keys race
    first, then the keys of the fastest bucket, which takes about 2√n hashes a draw.

    The hashes start from the seed and from the whole list of keys: another population is drawn
    from independently. Were it not so, repairing what the first draws found wrong would leave a
    plan that finds nothing, whatever the rest looks like.

    Source: Efraimidis & Spirakis, "Weighted random sampling with a reservoir", IPL 97, 2006.

    Args:
        keys: hexadecimal, at least 16 digits, sorted, without repeats.
        copies: (keys,) records with this key; equal records are one record drawn more often.
        seed: any whole number.
    """

    def __init__(self, keys: list[str], copies: np.ndarray, seed: int) -> None:
        content = "\n".join(f"{key} {count}" for key, count in zip(keys, copies, strict=True))
        self.basis = f"{hashlib.sha256(content.encode()).hexdigest()} {seed}"
        self.copies = copies
        self.names = np.array([int(key[:16], 16) for key in keys], dtype=np.uint64)
        buckets = max(1, round(len(keys) ** 0.5))
        self.starts = np.arange(buckets) * len(keys) // buckets
        self.ends = np.append(self.starts[1:], len(keys))

    def winners(self, weight: np.ndarray, numbers: Iterable[int]) -> np.ndarray:
        """Return which key each of the numbered draws takes.

        Args:
            weight: (keys,) positive; a key is drawn in proportion to weight times copies.
            numbers: draws; what one of them takes does not depend on the others.
        """
        mass = weight * self.copies
        total = np.add.reduceat(mass, self.starts)
        ranks = np.arange(len(self.starts), dtype=np.uint64)
        chosen = []
        for number in numbers:
            salt = hashlib.sha256(f"{self.basis} {number}".encode()).digest()
            bucket = np.argmin(_times(ranks, salt[:8]) / total)
            own = slice(self.starts[bucket], self.ends[bucket])
            chosen.append(own.start + np.argmin(_times(self.names[own], salt[8:16]) / mass[own]))
        return np.array(chosen, dtype=np.int64)

    def numbers(self, count: int) -> np.ndarray:
        """Return uniform random numbers, 0 to below 1, that depend on nothing but keys and seed."""
        salts = [hashlib.sha256(f"{self.basis} u{at}".encode()).digest() for at in range(count)]
        return np.array([int.from_bytes(salt[:6]) / 2**48 for salt in salts])


def _times(names: np.ndarray, salt: bytes) -> np.ndarray:
    """Return one standard exponential number per name: a SplitMix64 hash, then -ln u."""
    mixed = names * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(int.from_bytes(salt))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return -np.log((mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54)
