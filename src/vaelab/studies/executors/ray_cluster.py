"""Runs on a Ray cluster whose hosts see the study's folder under the same path."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import ModuleType
from typing import Any

from vaelab.data.reading import one_line
from vaelab.errors import InputError
from vaelab.studies.executors.executor import EmitForRun
from vaelab.studies.jobs import Event, Job, PlannedRun
from vaelab.studies.steps import PREPARE, TRAIN
from vaelab.studies.worker_process import SECONDS_TO_STOP, EventQueue, WorkerProcess
from vaelab.training.signals import StopSignals

# How soon a signal or a cancellation is noticed while there are no events.
SECONDS_BETWEEN_CHECKS = 0.5

# Shared storage may show a new file only some time after it was written.
SECONDS_TO_APPEAR = 10.0

ADDRESS = "RAY_ADDRESS"


@dataclass(frozen=True, kw_only=True, slots=True)
class RayExecutor:
    """Executes runs on the cluster at RAY_ADDRESS, or on a temporary one of this machine.

    Attributes:
        cpus: CPUs of each run, also its number of threads.
        gpus: GPUs of each run; a fraction shares one. None for one if the cluster has any.
    """

    cpus: float = 1.0
    gpus: float | None = None

    def __post_init__(self) -> None:
        if self.cpus < 1 or (self.gpus is not None and self.gpus < 0):
            raise InputError("--cpus must be at least 1 and --gpus not negative")

    def execute(self, runs: Sequence[PlannedRun], emit: EmitForRun) -> None:
        """Execute all runs, as many in parallel as the cluster has room for."""
        ray = _import_ray()
        with _cluster(ray), StopSignals() as signals:
            gpus = _gpus_per_run(ray, self.gpus, runs)
            _require_resources(ray, self.cpus, gpus)
            task = ray.remote(
                num_cpus=self.cpus, num_gpus=gpus, max_retries=0, num_returns="streaming"
            )(relay_events)
            environment = {"OMP_NUM_THREADS": str(int(self.cpus))}
            if gpus == 0:
                environment["CUDA_VISIBLE_DEVICES"] = ""
            streams = {task.remote(run.job.to_json(), environment): run for run in runs}
            listener = EventListener(ray, streams, emit)
            while listener.streams:
                listener.update()
                if signals.caught is not None:
                    unfinished = len(listener.streams)
                    listener.stop()
                    raise signals.interruption(f"with {unfinished} runs unfinished")


def relay_events(job: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Execute a job in a worker process on a host of the cluster, and yield its events as JSON."""
    events: EventQueue = SimpleQueue()
    with WorkerProcess(environment, events) as worker:
        worker.start_job(Job.from_json(job))
        while worker.job is not None:
            # The wait is short because Ray cancels a task only between two calls.
            try:
                _, event = events.get(timeout=SECONDS_BETWEEN_CHECKS)
            except Empty:
                continue
            if event.type in ("end", "lost"):
                worker.job = None
            yield event.to_json()


@dataclass(slots=True)
class EventListener:
    """Receives the events of all tasks of the cluster.

    Attributes:
        ray: the library.
        streams: the event stream of each run.
        emit: called with every event.
        is_stopping: whether the tasks were cancelled.
    """

    ray: Any
    streams: dict[Any, PlannedRun]
    emit: EmitForRun
    is_stopping: bool = False

    def update(self) -> None:
        """Emit the new events."""
        ready, _ = self.ray.wait(list(self.streams), timeout=SECONDS_BETWEEN_CHECKS)
        for stream in ready:
            run = self.streams[stream]
            try:
                event = Event.from_json(self.ray.get(next(stream)))
            except StopIteration:
                del self.streams[stream]
                continue
            except self.ray.exceptions.RayError as error:
                if self.is_stopping:
                    del self.streams[stream]
                    continue
                event = Event("lost", PREPARE, text=_lost_message(error))
            if event.type == "finished" and event.step == TRAIN and not _appears(run):
                event = Event("lost", PREPARE, text=_missing_message(run))
                self.ray.cancel(stream)
            if event.type == "lost":
                del self.streams[stream]
            self.emit(run.job.run, event)

    def stop(self) -> None:
        """Cancel all tasks and wait until their workers have saved their state and ended."""
        self.is_stopping = True
        deadline = time.monotonic() + SECONDS_TO_STOP
        for stream in self.streams:
            self.ray.cancel(stream)
        while self.streams and time.monotonic() < deadline:
            self.update()


def _appears(run: PlannedRun) -> bool:
    """Whether a run that was trained on another host is visible here."""
    deadline = time.monotonic() + SECONDS_TO_APPEAR
    (train,) = (step for step in run.steps if step.kind == TRAIN)
    while not train.is_up_to_date():
        if time.monotonic() > deadline:
            return False
        time.sleep(SECONDS_BETWEEN_CHECKS)
    return True


def _lost_message(error: Exception) -> str:
    """Uses the last line of Ray's message; the lines before it say where the error was raised."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = lines[-1] if lines else type(error).__name__
    return f"Ray lost its worker ({reason}); the same command resumes it"


def _missing_message(run: PlannedRun) -> str:
    return (
        f"it was trained on another host, but {run.job.folder / run.job.run} is not visible here: "
        "--out must be on storage that all hosts share, under the same path"
    )


def _import_ray() -> ModuleType:
    # Turns off the usage statistics that Ray sends by default.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise InputError("--executor ray needs Ray: pip install 'vaelab[ray]'") from None
    return ray


@contextmanager
def _cluster(ray: ModuleType) -> Iterator[None]:
    """Connect to a cluster inside the context."""
    if ray.is_initialized():
        yield
        return
    address = os.environ.get(ADDRESS)
    if address is not None and address.startswith("ray://"):
        raise InputError(f"{ADDRESS} should be HOST:PORT of the cluster's head, found {address!r}")
    options = {} if address else {"include_dashboard": False}
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level="ERROR", **options)
    except Exception as error:  # Ray also raises plain exceptions
        what = f"cannot connect to the Ray cluster {address}" if address else "cannot start Ray"
        raise InputError(f"{what}: {one_line(error)}") from None
    try:
        yield
    finally:
        ray.shutdown()


def _require_resources(ray: ModuleType, cpus: float, gpus: float) -> None:
    """Refuse a request that would wait forever; a cluster of several hosts may still grow.

    Raises:
        InputError: if this machine is the whole cluster and lacks the resources of one run.
    """
    if ADDRESS in os.environ:
        return
    available = ray.cluster_resources()
    for option, name, requested in (("cpus", "CPU", cpus), ("gpus", "GPU", gpus)):
        if requested > available.get(name, 0.0):
            raise InputError(
                f"--{option} {requested:g} per run, but Ray finds {available.get(name, 0.0):g}"
            )


def _gpus_per_run(ray: ModuleType, requested: float | None, runs: Sequence[PlannedRun]) -> float:
    if requested is not None:
        return requested
    if all(run.job.hardware.accelerator == "cpu" for run in runs):
        return 0.0
    return min(1.0, float(ray.cluster_resources().get("GPU", 0.0)))
