"""On a Ray cluster, whose hosts all see the study's folder under the same path."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from vaelab.data.reading import one_line
from vaelab.errors import InputError
from vaelab.studies.executors.executor import TellOf
from vaelab.studies.jobs import Event, Job, Work
from vaelab.studies.steps import PREPARE, TRAIN
from vaelab.studies.worker_process import SECONDS_TO_LEAVE, Child
from vaelab.training.signals import StopSignals

# How soon a signal, or a wish to stop, is noticed while nothing is told.
SECONDS_BETWEEN_LOOKS = 0.5

# Storage that hosts share shows a new file a while after it was written.
SECONDS_TO_BE_SEEN = 10.0

ADDRESS = "RAY_ADDRESS"


@dataclass(frozen=True, kw_only=True, slots=True)
class RayExecutor:
    """The cluster that RAY_ADDRESS names, else one that lives on this machine meanwhile.

    Attributes:
        cpus: of each run, which are its threads.
        gpus: of each run, of which several may share one; none: one, where the cluster has any.
    """

    cpus: float = 1.0
    gpus: float | None = None

    def __post_init__(self) -> None:
        if self.cpus < 1 or (self.gpus is not None and self.gpus < 0):
            raise InputError("--cpus must be at least 1 and --gpus not negative")

    def carry_out(self, works: Sequence[Work], tell: TellOf) -> None:
        """Do all of it, as many runs at a time as there is room for."""
        ray = _library()
        with _cluster(ray), StopSignals() as signals:
            gpus = _gpus(ray, self.gpus, works)
            _require_room(ray, self.cpus, gpus)
            task = ray.remote(
                num_cpus=self.cpus, num_gpus=gpus, max_retries=0, num_returns="streaming"
            )(relay)
            environment = {"OMP_NUM_THREADS": str(int(self.cpus))}
            if gpus == 0:
                environment["CUDA_VISIBLE_DEVICES"] = ""
            streams = {task.remote(work.job.to_json(), environment): work for work in works}
            listener = Listener(ray, streams, tell)
            while listener.streams:
                listener.listen()
                if signals.caught is not None:
                    where = f"with {len(listener.streams)} runs under way or to come"
                    listener.stop()
                    raise signals.interruption(where)


def relay(job: str, environment: Mapping[str, str]) -> Iterator[str]:
    """On one of the cluster's hosts: have a worker carry out the job, and pass on what it tells."""
    with Child(environment) as child:
        child.give(Job.from_json(job))
        while child.job is not None:
            # Not for long: only between two calls a process of Ray's notices that it is to stop.
            if child.has_news(SECONDS_BETWEEN_LOOKS):
                for event in child.news():
                    yield event.to_json()


@dataclass(slots=True)
class Listener:
    """Passes on what comes from the cluster.

    Attributes:
        ray: the library.
        streams: of events as they come, each of a run.
        tell: is told.
        is_stopping: whether tasks end because they were asked to.
    """

    ray: Any
    streams: dict[Any, Work]
    tell: TellOf
    is_stopping: bool = False

    def listen(self) -> None:
        """Tell what is new."""
        ready, _ = self.ray.wait(list(self.streams), timeout=SECONDS_BETWEEN_LOOKS)
        for stream in ready:
            work = self.streams[stream]
            try:
                event = Event.from_json(self.ray.get(next(stream)))
            except StopIteration:
                del self.streams[stream]
                continue
            except self.ray.exceptions.RayError as error:
                if self.is_stopping:
                    del self.streams[stream]
                    continue
                event = Event("lost", PREPARE, text=_lost(error))
            if event.what == "done" and event.kind == TRAIN and not _is_seen(work):
                event = Event("lost", PREPARE, text=_unseen(work))
                self.ray.cancel(stream)
            if event.what == "lost":
                del self.streams[stream]
            self.tell(work.job.run, event)

    def stop(self) -> None:
        """Have all workers keep what they have and leave, and wait for them."""
        self.is_stopping = True
        deadline = time.monotonic() + SECONDS_TO_LEAVE
        for stream in self.streams:
            self.ray.cancel(stream)
        while self.streams and time.monotonic() < deadline:
            self.listen()


def _is_seen(work: Work) -> bool:
    """Whether what was trained elsewhere is here."""
    deadline = time.monotonic() + SECONDS_TO_BE_SEEN
    (train,) = (step for step in work.steps if step.kind == TRAIN)
    while not train.is_done():
        if time.monotonic() > deadline:
            return False
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return True


def _lost(error: Exception) -> str:
    """The last line, behind which Ray puts where it happened."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    words = lines[-1] if lines else type(error).__name__
    return f"Ray lost its worker ({words}); the same command goes on with it"


def _unseen(work: Work) -> str:
    return (
        f"it was trained on another host, and {work.job.folder / work.job.run} here does not show "
        "it: --out must be storage that all hosts share, under the same path"
    )


def _library() -> ModuleType:
    # Ray tells its makers how it is used unless it is told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise InputError("--executor ray needs Ray: pip install 'vaelab[ray]'") from None
    return ray


@contextmanager
def _cluster(ray: ModuleType) -> Iterator[None]:
    """While inside, this process belongs to a cluster."""
    if ray.is_initialized():
        yield
        return
    address = os.environ.get(ADDRESS)
    if address is not None and address.startswith("ray://"):
        raise InputError(f"{ADDRESS} should be HOST:PORT of the cluster's head, found {address!r}")
    options = {} if address else {"include_dashboard": False}
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level="ERROR", **options)
    except Exception as error:  # Ray raises bare ones too
        where = f"the Ray cluster {address} cannot be joined" if address else "Ray cannot be begun"
        raise InputError(f"{where}: {one_line(error)}") from None
    try:
        yield
    finally:
        ray.shutdown()


def _require_room(ray: ModuleType, cpus: float, gpus: float) -> None:
    """Refuse what would wait forever; a cluster of several hosts may be growing.

    Raises:
        InputError: if this machine is the whole cluster and has not what one run asks for.
    """
    if ADDRESS in os.environ:
        return
    there = ray.cluster_resources()
    for option, name, wanted in (("cpus", "CPU", cpus), ("gpus", "GPU", gpus)):
        if wanted > there.get(name, 0.0):
            raise InputError(
                f"--{option} {wanted:g} of each run: Ray finds {there.get(name, 0.0):g} here"
            )


def _gpus(ray: ModuleType, wanted: float | None, works: Sequence[Work]) -> float:
    """Of each run."""
    if wanted is not None:
        return wanted
    if all(work.job.hardware.accelerator == "cpu" for work in works):
        return 0.0
    return min(1.0, float(ray.cluster_resources().get("GPU", 0.0)))
