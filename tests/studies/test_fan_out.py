"""Runs of a study in other processes: the same results, and what is lost there is told here."""

import inspect
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
import torch

from tests.conftest import TrainedRuns, tiny
from vaelab.config import Config
from vaelab.data import Dataset
from vaelab.errors import InputError, Interruption
from vaelab.runs import DataCard, open_run
from vaelab.studies import Executor, Outcome, Study, executor_named, run_study
from vaelab.studies.executors import LocalExecutor, ProcessExecutor, RayExecutor, ray_cluster
from vaelab.studies.executors.processes import environment_of
from vaelab.studies.images import Images
from vaelab.studies.jobs import Event, Job, Work, carry_out_job
from vaelab.studies.worker_process import Child
from vaelab.training import Hardware, fit

CPU = Hardware(accelerator="cpu")
SECONDS = 120.0


def study_of(**configs: Config) -> Study:
    """Numbers of a few runs and nothing more."""
    return Study(
        name="small",
        configs={name.replace("_", "-"): config for name, config in configs.items()},
        illustrated=(),
        comparisons={},
        metrics=("losses",),
        data=tiny("mlp-vae").data,
    )


def run(study: Study, out: Path, executor: Executor) -> Outcome:
    return run_study(
        study, out, data_dir=None, hardware=CPU, command="vaelab study small", executor=executor
    )


def work_of(study: Study, folder: Path, name: str, dataset: Dataset) -> Work:
    """A run's job and its steps, as a study prepares them."""
    images = Images()
    images.keep(study.data, None, dataset)
    job = Job(
        folder=folder,
        run=name,
        config=study.configs[name],
        wanted=study.outputs_of(name),
        hardware=CPU,
        data_dir=None,
        card=DataCard.of(dataset),
    )
    return Work(job, job.steps(images))


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def epochs_done(folder: Path) -> int:
    file = folder / "metrics.jsonl"
    return len(file.read_text().splitlines()) if file.exists() else 0


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def once(is_so: Callable[[], bool], act: Callable[[], None]) -> Iterator[None]:
    """While inside, wait for something, then act."""

    def wait_and_act() -> None:
        wait_until(is_so)
        act()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    yield
    thread.join()


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)


def holder(folder: Path) -> int:
    """The process that trains the run."""
    match = re.match(r"process (\d+) ", (folder / ".holder").read_text())
    assert match
    return int(match[1])


def stored(out: Path, name: str) -> dict[str, str]:
    runs: list[dict[str, str]] = json.loads((out / "study.json").read_text())["runs"]
    return next(run for run in runs if run["name"] == name)


def test_a_killed_worker_is_its_runs_failure_and_all_results_are_those_of_one_process(
    trained: TrainedRuns, wardrobe: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = tiny("autoencoder", training__epochs="40", training__preview_every_epochs="0")
    study = study_of(mlp_vae=tiny("mlp-vae"), long=long)
    out = tmp_path / "study"
    with once(lambda: epochs_done(out / "long") >= 3, lambda: kill(holder(out / "long"))):
        outcome = run(study, out, ProcessExecutor(workers=2))
    (line,) = outcome.failures
    assert line == (
        "long: train failed: its worker was ended by SIGKILL; the same command goes on with it"
    )
    assert stored(out, "long")["status"] == "failed"
    assert stored(out, "mlp-vae")["status"] == "done"
    assert weights(out / "mlp-vae") == weights(trained["mlp-vae"].path)
    assert "mlp-vae: explorer, " in capsys.readouterr().err

    assert run(study, out, LocalExecutor()).failures == ()
    assert stored(out, "long")["status"] == "done"
    whole = fit(long, tmp_path / "whole", dataset=wardrobe, hardware=CPU, show_progress=False)
    assert weights(out / "long") == weights(whole.path)


def test_sigterm_has_the_workers_keep_their_state_and_leave(
    wardrobe: Dataset, tmp_path: Path
) -> None:
    study = study_of(endless=tiny("mlp-vae", training__epochs="100000"))
    folder = tmp_path / "endless"
    work = work_of(study, tmp_path, "endless", wardrobe)
    workers = list[int]()

    def stop() -> None:
        workers.append(holder(folder))
        os.kill(os.getpid(), signal.SIGTERM)

    with (
        once(lambda: epochs_done(folder) >= 2, stop),
        pytest.raises(Interruption, match="stopped by SIGTERM with 1 runs under way") as stopped,
    ):
        ProcessExecutor().carry_out([work], lambda _run, _event: None)
    assert stopped.value.exit_code == 128 + signal.SIGTERM
    assert workers != [os.getpid()]
    assert not Path(f"/proc/{workers[0]}").exists()
    state = open_run(folder).load_checkpoint_values()
    assert state is not None
    assert state["epochs_done"] == epochs_done(folder)


def test_a_worker_leaves_when_whoever_started_it_is_gone(wardrobe: Dataset, tmp_path: Path) -> None:
    study = study_of(endless=tiny("mlp-vae", training__epochs="100000"))
    with Child({}) as child:
        child.give(work_of(study, tmp_path, "endless", wardrobe).job)
        wait_until(lambda: epochs_done(tmp_path / "endless") >= 1)
        child._to.close()
        wait_until(lambda: any(event.what == "lost" for event in child.news()))
        assert child._process.wait() == 128 + signal.SIGTERM
    assert open_run(tmp_path / "endless").load_checkpoint_values() is not None


def test_ray_gives_the_same_and_leaves_nothing_behind(
    trained: TrainedRuns, wardrobe: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    # Ray takes a generator function for one only if no type checker is wrapped around it.
    monkeypatch.setattr(ray_cluster, "relay", inspect.unwrap(ray_cluster.relay))
    work = work_of(study_of(small=tiny("mlp-vae")), tmp_path, "small", wardrobe)
    events = list[Event]()
    executor_named("ray", cpus=1).carry_out([work], lambda _, event: events.append(event))
    assert [each.kind for each in events if each.what == "done"] == [
        "train",
        "evaluate",
        "explorer",
    ]
    assert not [each for each in events if each.what in ("failed", "lost")]
    assert weights(tmp_path / "small") == weights(trained["mlp-vae"].path)
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    names = [Path(f"/proc/{child}/comm").read_text().strip() for child in children]
    assert not [name for name in names if "ray" in name or "gcs" in name]


def test_more_than_this_machine_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    ray = ModuleType("ray")
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 2.0}, raising=False)
    ray_cluster._require_room(ray, 2.0, 0.0)
    with pytest.raises(InputError, match="--cpus 3 of each run: Ray finds 2 here"):
        ray_cluster._require_room(ray, 3.0, 0.0)
    with pytest.raises(InputError, match=r"--gpus 0\.5 of each run: Ray finds 0 here"):
        ray_cluster._require_room(ray, 1.0, 0.5)


class FakeRay:
    """A cluster on which all that is told is there at once."""

    class exceptions:  # noqa: N801
        RayError = RuntimeError

    def __init__(self) -> None:
        self.cancelled: list[object] = []

    def wait(self, streams: list[object], timeout: float) -> tuple[list[object], list[object]]:
        return streams, []

    def get(self, told: object) -> object:
        if isinstance(told, Exception):
            raise told
        return told

    def cancel(self, stream: object) -> None:
        self.cancelled.append(stream)


def listen(told: Sequence[object], folder: Path, dataset: Dataset) -> list[Event]:
    """What is passed on of what a cluster tells of one run."""
    events = list[Event]()
    work = work_of(study_of(small=tiny("mlp-vae")), folder, "small", dataset)
    listener = ray_cluster.Listener(FakeRay(), {iter(told): work}, lambda _, e: events.append(e))
    while listener.streams:
        listener.listen()
    return events


def test_what_another_host_made_must_be_seen_here(
    wardrobe: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "SECONDS_TO_BE_SEEN", 0.0)
    told = [Event("begun", "train").to_json(), Event("done", "train", 1.0).to_json(), "more"]
    begun, lost = listen(told, tmp_path, wardrobe)
    assert (begun.what, lost.what, lost.kind) == ("begun", "lost", "prepare")
    assert "--out must be storage that all hosts share" in lost.text


def test_a_lost_host_is_told(wardrobe: Dataset, tmp_path: Path) -> None:
    told = [Event("begun", "train").to_json(), RuntimeError("File x.py, line 3\nthe node died\n")]
    _, lost = listen(told, tmp_path, wardrobe)
    assert lost.what == "lost"
    assert lost.text == "Ray lost its worker (the node died); the same command goes on with it"


def test_a_job_is_the_same_after_its_way(wardrobe: Dataset, tmp_path: Path) -> None:
    study = study_of(small=tiny("cvae-2d", training__early_stopping_epochs="3"))
    job = work_of(study, tmp_path, "small", wardrobe).job
    assert Job.from_json(job.to_json()) == job
    assert "\n" not in job.to_json()


def test_a_worker_refuses_other_images_than_the_studys(wardrobe: Dataset, tmp_path: Path) -> None:
    other = Dataset(train=wardrobe.test, test=wardrobe.test, source="elsewhere")
    study, images, events = study_of(small=tiny("mlp-vae")), Images(), list[Event]()
    images.keep(study.data, None, other)
    carry_out_job(work_of(study, tmp_path, "small", wardrobe).job, images, events.append)
    (failed,) = events
    assert (failed.what, failed.kind) == ("failed", "prepare")
    assert failed.text.startswith("the train images found here (elsewhere) are not those of the")


def test_places_take_their_own_options_and_say_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert executor_named("local", workers=None, cpus=None) == LocalExecutor()
    assert executor_named("processes", workers=3, gpus=None) == ProcessExecutor(workers=3)
    with pytest.raises(InputError, match=r"--workers is for --executor processes, not for ray"):
        executor_named("ray", workers=3)
    with pytest.raises(InputError, match=r"unknown executor 'wrokers'\?"):
        executor_named("wrokers")
    with pytest.raises(InputError, match="--workers must be at least 1, found 0"):
        executor_named("processes", workers=0)
    with pytest.raises(InputError, match="--cpus must be at least 1"):
        executor_named("ray", cpus=0.5)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"--executor ray needs Ray: pip install 'vaelab\[ray\]'"):
        RayExecutor().carry_out([], lambda _run, _event: None)


def test_a_cluster_that_cannot_be_joined_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ADDRESS", "ray://somewhere:10001")
    with pytest.raises(InputError, match="RAY_ADDRESS should be HOST:PORT"):
        RayExecutor().carry_out([], lambda _run, _event: None)


def test_workers_share_the_gpus_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def gpus(count: int) -> list[str | None]:
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        made = [environment_of(number, threads=2, is_on_cpu=False) for number in range(3)]
        assert all(environment["OMP_NUM_THREADS"] == "2" for environment in made)
        return [environment.get("CUDA_VISIBLE_DEVICES") for environment in made]

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus(1) == [None, None, None]
    assert gpus(2) == ["0", "1", "0"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    assert gpus(2) == ["4", "6", "4"]
    assert "CUDA_VISIBLE_DEVICES" not in environment_of(0, threads=1, is_on_cpu=True)
