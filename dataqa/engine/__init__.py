"""Who runs the stages. ``ENGINES`` is the only list."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module

from dataqa.engine.interface import Engine
from dataqa.settings import unknown_name

__all__ = ["ENGINES", "Engine", "choose_engine", "workers"]

ENGINES: Mapping[str, str] = {
    "serial": "dataqa.engine.serial:SerialEngine",
    "processes": "dataqa.engine.processes:ProcessesEngine",
}
"""Engine name -> where its class is; loaded when it is chosen."""

PROCESSES_FROM_BYTES = 64 * 2**20
"""``auto`` starts worker processes from this input size on; below, starting them costs more."""


def choose_engine(name: str, jobs: int, input_bytes: int) -> Engine:
    """Make the engine called ``name``; ``auto`` decides by the size of the input.

    Raises:
        ConfigError: there is no such engine.
    """
    if name not in {"auto", *ENGINES}:
        raise unknown_name("engine", name, ("auto", *ENGINES), "engine")
    jobs = workers(jobs)
    if name == "auto":
        name = "processes" if jobs > 1 and input_bytes >= PROCESSES_FROM_BYTES else "serial"
    module, _, kind = ENGINES[name].partition(":")
    engine: Engine = getattr(import_module(module), kind)(jobs=jobs)
    return engine


def workers(jobs: int) -> int:
    """Return how many workers ``jobs`` asks for: 0 means, and nothing exceeds, one per core."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return min(jobs or cores, cores)
