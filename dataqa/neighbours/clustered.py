"""Each vector is compared with the clusters nearest to it.

An inverted file (Jégou, Douze, Schmid, TPAMI 33, 2011) of whole vectors. It is searched in passes:
in pass i every vector meets the members of the i-th nearest cluster, so that no two threads write
to one place. On a sample it is measured how many passes find ``TARGET`` of the true neighbours, and
on another sample how many the search found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dataqa.neighbours.interface import Neighbours, Space
from dataqa.neighbours.kmeans import OVERSIZE, assign, centroids, rank
from dataqa.neighbours.selection import bar_own_group, largest

CLUSTERS = 2.5
"""Times the square root of the number of vectors: more are cheaper to search, dearer to build."""
TARGET = 0.977
"""Recall that decides how many clusters are searched."""
SAMPLE = 1536
"""Vectors that are searched exactly: half to choose the number of clusters, half to measure."""
MAX_COMPARED = 50_000
"""Vectors that each one is compared with at most (on average), whatever recall that gives."""
FEWEST = 8
"""Clusters searched at least."""
BLOCK_VALUES = 4 * 2**20
"""Similarities that one thread holds at once."""
SAMPLE_BLOCK = 384


@dataclass(frozen=True, eq=False)
class Clusters:
    """Vectors sorted by cluster; the members of cluster c are ``start[c]:start[c + 1]``."""

    centers: np.ndarray
    rows: np.ndarray
    """(n,) row number in the space of each sorted vector; within a cluster sorted by group."""
    vectors: np.ndarray
    groups: np.ndarray
    start: np.ndarray


@dataclass(frozen=True, eq=False)
class Best:
    """The nearest found so far, as positions among the sorted vectors."""

    position: np.ndarray
    similarity: np.ndarray


def search(space: Space) -> Neighbours:
    """Search the nearest clusters of every vector; every vector is in one cluster."""
    clusters = build(space)
    sample = np.linspace(0, len(clusters.rows) - 1, SAMPLE).astype(np.int64)
    truth = _meet_all(space, clusters, sample, "measuring recall")
    passes = _passes_needed(space, clusters, sample[::2], truth.position[::2])
    best = _pass(space, clusters, passes)
    reached = best.similarity[sample[1::2]] >= truth.similarity[1::2, -1:] - 1e-6
    short = np.flatnonzero(best.position[:, -1] < 0)
    if len(short):
        rest = _meet_all(space, clusters, short, "completing neighbours")
        best.position[short], best.similarity[short] = rest.position, rest.similarity
    index, similarity = space.empty(len(space.vectors))
    index[clusters.rows] = clusters.rows[best.position]
    similarity[clusters.rows] = best.similarity
    return Neighbours.of(index, similarity, len(clusters.rows), float(reached.mean()), len(reached))


def build(space: Space) -> Clusters:
    """Sort all vectors into clusters; their number grows with the root of that of the vectors."""
    rows = space.candidates
    centers = centroids(space, int(CLUSTERS * np.sqrt(len(rows))))
    own = assign(space, space.vectors, rows, centers)
    rows = rows[np.argsort(own, kind="stable")]
    sizes = np.bincount(own, minlength=len(centers))
    # what k-means could not split (copies of one vector) is cut where it lies
    pieces = np.ceil(sizes / (2 * OVERSIZE * sizes.mean())).astype(np.int64)
    of = np.repeat(np.arange(len(sizes)), pieces)
    number = np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    cut = sizes[of] // pieces[of] + (number < sizes[of] % pieces[of])
    return Clusters(
        centers=centers[of],
        rows=rows,
        vectors=space.vectors[rows],
        groups=space.groups[rows],
        start=np.concatenate([[0], np.cumsum(cut)]),
    )


def _passes_needed(space: Space, clusters: Clusters, sample: np.ndarray, truth: np.ndarray) -> int:
    """Count the nearest clusters that together hold ``TARGET`` of the true neighbours."""
    count = len(clusters.centers)
    order = rank(space, clusters.vectors, sample, clusters.centers, count)
    place = np.argsort(order, axis=1)
    home = np.searchsorted(clusters.start, truth, side="right") - 1
    needed = np.quantile(np.take_along_axis(place, home, axis=1), TARGET, method="higher") + 1
    compared = np.cumsum(np.diff(clusters.start)[order].mean(axis=0))
    affordable = np.searchsorted(compared, MAX_COMPARED)
    return int(np.clip(min(needed, affordable), min(FEWEST, count), count))


def _meet_all(space: Space, clusters: Clusters, rows: np.ndarray, description: str) -> Best:
    """Compare some of the sorted vectors with all of them."""
    best = Best(*space.empty(len(rows)))
    blocks = [slice(start, start + SAMPLE_BLOCK) for start in range(0, len(rows), SAMPLE_BLOCK)]

    def work(block: slice) -> None:
        own = np.arange(len(rows))[block]
        for cluster in range(len(clusters.centers)):
            _meet(clusters, best, own, rows[block], cluster)

    list(space.track(work, blocks, description))
    return best


def _pass(space: Space, clusters: Clusters, passes: int) -> Best:
    """Compare every vector with its nearest clusters, one cluster after the other."""
    everything = np.arange(len(clusters.rows))
    nearest = rank(space, clusters.vectors, everything, clusters.centers, passes)
    best = Best(*space.empty(len(everything)))
    sizes = np.diff(clusters.start)

    def work(task: tuple[int, np.ndarray]) -> None:
        _meet(clusters, best, task[1], task[1], task[0])

    for number in range(passes):
        tasks = list(_tasks(nearest[:, number], sizes))
        list(space.track(work, tasks, f"finding neighbours {number + 1}/{passes}"))
    return best


def _tasks(cluster_of: np.ndarray, sizes: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Gather the vectors that meet one cluster, so many that the block of values is not too big."""
    order = np.argsort(cluster_of, kind="stable")
    bounds = np.searchsorted(cluster_of[order], np.arange(len(sizes) + 1))
    for cluster, (first, last) in enumerate(pairwise(bounds)):
        step = max(BLOCK_VALUES // int(sizes[cluster]), 1)
        for start in range(first, last, step):
            yield cluster, order[start : min(start + step, last)]


def _meet(clusters: Clusters, best: Best, own: np.ndarray, rows: np.ndarray, cluster: int) -> None:
    """Compare sorted vectors ``rows`` with a cluster and keep the nearest in ``best[own]``."""
    first, last = clusters.start[cluster : cluster + 2]
    scores = clusters.vectors[rows] @ clusters.vectors[first:last].T
    bar_own_group(scores, clusters.groups[rows], clusters.groups[first:last])
    nearer = np.flatnonzero(scores.max(axis=1) > best.similarity[own, -1])
    if not len(nearer):
        return
    scores, own = scores[nearer], own[nearer]
    k = best.similarity.shape[1]
    column = largest(scores, min(k, scores.shape[1]))
    lines = np.arange(len(own))[:, None]
    similarity = np.concatenate([best.similarity[own], scores[lines, column]], axis=1)
    position = np.concatenate([best.position[own], first + column], axis=1)
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    best.similarity[own] = similarity[lines, order]
    best.position[own] = position[lines, order]
