"""Runs in parallel, in worker processes of this machine."""

import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

import torch

from vaelab.errors import InputError
from vaelab.memory import require_memory_for_processes
from vaelab.studies.executors.executor import EmitForRun
from vaelab.studies.jobs import Job, PlannedRun
from vaelab.studies.worker_process import EventQueue, WorkerProcess, stop_all
from vaelab.training.signals import StopSignals

# How soon a signal is noticed while no worker sends events.
SECONDS_BETWEEN_CHECKS = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessExecutor:
    """Executes runs in worker processes that share the cores of this machine.

    With several GPUs, the workers are distributed over them.

    Attributes:
        workers: number of processes; None for one per core, but not more than there are runs.
    """

    workers: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InputError(f"--workers must be at least 1, found {self.workers}")

    def execute(self, runs: Sequence[PlannedRun], emit: EmitForRun) -> None:
        """Execute all runs, one at a time in each worker."""
        cores = torch.get_num_threads()
        count = min(self.workers or cores, len(runs))
        require_memory_for_processes(count, "--workers")
        environments = [
            worker_environment(number, threads=max(1, cores // count), is_on_cpu=_is_on_cpu(runs))
            for number in range(count)
        ]
        pool = WorkerPool(deque(run.job for run in runs), environments, emit)
        with StopSignals() as signals:
            try:
                while pool.update():
                    if signals.caught is not None:
                        raise signals.interruption(f"during {len(pool.busy)} runs")
            finally:
                stop_all(list(pool.workers.values()))


@dataclass(slots=True)
class WorkerPool:
    """Worker processes and the jobs that wait for one of them.

    Attributes:
        waiting: jobs that have not started, in order.
        environments: environment variables of each worker, by its number.
        emit: called with every event.
        workers: the live workers by number; a worker that died is replaced.
        events: of all workers.
    """

    waiting: deque[Job]
    environments: Sequence[dict[str, str]]
    emit: EmitForRun
    workers: dict[int, WorkerProcess] = field(default_factory=dict)
    events: EventQueue = field(default_factory=SimpleQueue)

    @property
    def busy(self) -> list[WorkerProcess]:
        """The workers that have a job."""
        return [worker for worker in self.workers.values() if worker.job is not None]

    def update(self) -> bool:
        """Start waiting jobs and emit the next event; False when all jobs have ended."""
        self._start_jobs()
        try:
            worker, event = self.events.get(timeout=SECONDS_BETWEEN_CHECKS)
        except Empty:
            return True
        if worker.job is not None:
            self.emit(worker.job.run, event)
        if event.type in ("end", "lost"):
            worker.job = None
        return bool(self.waiting or self.busy)

    def _start_jobs(self) -> None:
        for number, environment in enumerate(self.environments):
            worker = self.workers.get(number)
            if worker is not None and worker.job is not None:
                continue
            if worker is not None and not worker.is_alive:
                self.workers.pop(number).close()
            if self.waiting:
                if number not in self.workers:
                    self.workers[number] = WorkerProcess(environment, self.events)
                self.workers[number].start_job(self.waiting.popleft())


def worker_environment(number: int, *, threads: int, is_on_cpu: bool) -> dict[str, str]:
    """Environment variables of a worker: its threads and, with several GPUs, its GPU."""
    environment = {"OMP_NUM_THREADS": str(threads)}
    if not is_on_cpu and torch.cuda.device_count() > 1:
        default = ",".join(map(str, range(torch.cuda.device_count())))
        gpus = os.environ.get("CUDA_VISIBLE_DEVICES", default).split(",")
        environment["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]
    return environment


def _is_on_cpu(runs: Sequence[PlannedRun]) -> bool:
    return all(run.job.hardware.accelerator == "cpu" for run in runs)
