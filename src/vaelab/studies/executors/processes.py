"""In processes of this machine, runs beside each other."""

import os
import selectors
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from vaelab.errors import InputError
from vaelab.studies.executors.executor import TellOf
from vaelab.studies.jobs import Job, Work
from vaelab.studies.worker_process import Child, end
from vaelab.training.signals import StopSignals

# How soon a signal is noticed while no worker tells anything.
SECONDS_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessExecutor:
    """Processes of this machine, each with its share of the cores.

    Where there are several GPUs, each has one to itself as far as they go.

    Attributes:
        workers: processes; none: one for each core, as far as there are runs.
    """

    workers: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InputError(f"--workers must be at least 1, found {self.workers}")

    def carry_out(self, works: Sequence[Work], tell: TellOf) -> None:
        """Do all of it, each worker a run at a time."""
        cores = torch.get_num_threads()
        count = min(self.workers or cores, len(works))
        environments = [
            environment_of(number, threads=max(1, cores // count), is_on_cpu=_is_on_cpu(works))
            for number in range(count)
        ]
        crew = WorkerPool(deque(work.job for work in works), environments, tell)
        with StopSignals() as signals:
            try:
                while crew.work():
                    if signals.caught is not None:
                        raise signals.interruption(f"with {len(crew.busy)} runs under way")
            finally:
                end(list(crew.children.values()))


@dataclass(slots=True)
class WorkerPool:
    """ProcessExecutor, and the jobs that wait for one of them.

    Attributes:
        waiting: jobs to be given out, in order.
        environments: of each worker, by its number.
        tell: is told what happens.
        children: the workers that live, by number; a new one takes the place of one that is gone.
    """

    waiting: deque[Job]
    environments: Sequence[dict[str, str]]
    tell: TellOf
    children: dict[int, Child] = field(default_factory=dict)

    @property
    def busy(self) -> list[Child]:
        """Those that have a job."""
        return [child for child in self.children.values() if child.job is not None]

    def work(self) -> bool:
        """Give out what can be, and tell what is new; False when there is nothing left to do."""
        self._give_out()
        with selectors.DefaultSelector() as selector:
            for child in self.busy:
                selector.register(child, selectors.EVENT_READ, child)
            for key, _ in selector.select(SECONDS_BETWEEN_LOOKS):
                child = key.data
                assert child.job is not None
                run = child.job.run
                for event in child.news():
                    self.tell(run, event)
        return bool(self.waiting or self.busy)

    def _give_out(self) -> None:
        for number, environment in enumerate(self.environments):
            child = self.children.get(number)
            if child is not None and child.job is not None:
                continue
            if child is not None and not child.is_alive:
                self.children.pop(number).close()
            if self.waiting:
                if number not in self.children:
                    self.children[number] = Child(environment)
                self.children[number].give(self.waiting.popleft())


def environment_of(number: int, *, threads: int, is_on_cpu: bool) -> dict[str, str]:
    """The variables that a worker needs: threads, and a GPU of its own where there are several."""
    environment = {"OMP_NUM_THREADS": str(threads)}
    if not is_on_cpu and torch.cuda.device_count() > 1:
        default = ",".join(map(str, range(torch.cuda.device_count())))
        gpus = os.environ.get("CUDA_VISIBLE_DEVICES", default).split(",")
        environment["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]
    return environment


def _is_on_cpu(works: Sequence[Work]) -> bool:
    return all(work.job.hardware.accelerator == "cpu" for work in works)
