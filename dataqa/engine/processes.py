"""Worker processes on this machine.

joblib's loky pool, because it needs no ``if __name__ == "__main__"`` guard in the user's script,
never forks a process that has threads, and turns a killed worker into an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from dataqa.errors import DataqaError

S = TypeVar("S")
P = TypeVar("P")


class ProcessesEngine:
    """Run stages in worker processes that live as long as this process."""

    name = "processes"

    def __init__(self, *, jobs: int) -> None:
        """Use up to ``jobs`` worker processes."""
        self.jobs = jobs

    def map(self, stage: Callable[[S], P], shards: Iterable[S]) -> Iterator[P]:
        """Yield ``stage(shard)`` for every shard, in order.

        Raises:
            DataqaError: a worker process was killed, most often for want of memory.
        """
        from joblib import Parallel, delayed, parallel_config
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        with parallel_config("loky", inner_max_num_threads=1):
            pool = Parallel(n_jobs=self.jobs, return_as="generator")
        try:
            yield from pool(delayed(stage)(shard) for shard in shards)
        except TerminatedWorkerError as error:
            raise DataqaError(
                "a worker process was killed, probably because memory ran out",
                hint="use fewer processes (--jobs 1) or a machine with more memory",
            ) from error
