"""Executors: the same results in other processes, and errors of lost processes."""

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
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType

import pytest
import torch

from tests.conftest import TrainedRuns, tiny
from vaelab import plugins
from vaelab.config import Config
from vaelab.data import Dataset
from vaelab.errors import InputError, Interruption
from vaelab.runs import DataCard, open_run
from vaelab.studies import Executor, Study, StudyResult, executor_named, run_study
from vaelab.studies.dataset_cache import DatasetCache
from vaelab.studies.executors import LocalExecutor, ProcessExecutor, RayExecutor, ray_cluster
from vaelab.studies.executors.processes import worker_environment
from vaelab.studies.jobs import Event, Job, PlannedRun, execute_job
from vaelab.studies.worker_process import EventQueue, WorkerProcess
from vaelab.training import Hardware, fit

CPU = Hardware(accelerator="cpu")
SECONDS = 120.0


def study_of(**configs: Config) -> Study:
    """A few runs, each trained and evaluated."""
    return Study(
        name="small",
        configs={name.replace("_", "-"): config for name, config in configs.items()},
        runs_with_figures=(),
        comparisons={},
        metrics=("losses",),
        data=tiny("mlp-vae").data,
    )


def run_with(study: Study, out: Path, executor: Executor) -> StudyResult:
    return run_study(
        study, out, data_dir=None, hardware=CPU, command="vaelab study small", executor=executor
    )


def planned(study: Study, folder: Path, name: str, dataset: Dataset) -> PlannedRun:
    """A run as a study plans it."""
    datasets = DatasetCache()
    datasets.add(study.data, None, dataset)
    job = Job(
        folder=folder,
        run=name,
        config=study.configs[name],
        outputs=study.outputs_of(name),
        hardware=CPU,
        data_dir=None,
        data_card=DataCard.of(dataset),
    )
    return PlannedRun(job, job.build_steps(datasets))


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


@pytest.mark.posix
def test_a_killed_worker_fails_its_run_and_all_results_equal_those_of_one_process(
    trained: TrainedRuns, wardrobe: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = tiny("autoencoder", training__epochs="40", training__preview_every_epochs="0")
    study = study_of(mlp_vae=tiny("mlp-vae"), long=long)
    out = tmp_path / "study"
    with once(lambda: epochs_done(out / "long") >= 3, lambda: kill(holder(out / "long"))):
        result = run_with(study, out, ProcessExecutor(workers=2))
    (line,) = result.failures
    assert line == (
        "long: train failed: its worker was killed by SIGKILL; the same command resumes it"
    )
    assert stored(out, "long")["status"] == "failed"
    assert stored(out, "mlp-vae")["status"] == "finished"
    assert weights(out / "mlp-vae") == weights(trained["mlp-vae"].path)
    assert "mlp-vae: explorer, " in capsys.readouterr().err

    assert run_with(study, out, LocalExecutor()).failures == ()
    assert stored(out, "long")["status"] == "finished"
    whole = fit(long, tmp_path / "whole", dataset=wardrobe, hardware=CPU, show_progress=False)
    assert weights(out / "long") == weights(whole.path)


def test_workers_load_the_plugins_of_a_study(tmp_path: Path) -> None:
    plugin = tmp_path / "parts.py"
    plugin.write_text(
        "import vaelab\n\n"
        "@vaelab.register.loss_term\n"
        "def test_code_size(terms):\n"
        "    return terms.z.flat().abs().sum(1)\n"
    )
    plugins.load([plugin])
    config = tiny("mlp-vae", objective__extra_terms="test_code_size*0.5")
    study = replace(study_of(small=config), plugins=(plugin,))
    result = run_with(study, tmp_path / "study", ProcessExecutor(workers=1))
    assert (result.failures, result.notes) == ((), ())
    record = json.loads((tmp_path / "study/small/metrics.jsonl").read_text().splitlines()[0])
    assert record["train"]["test_code_size"] > 0


@pytest.mark.linux
def test_sigterm_stops_the_workers_with_their_state_saved(
    wardrobe: Dataset, tmp_path: Path
) -> None:
    study = study_of(endless=tiny("mlp-vae", training__epochs="100000"))
    folder = tmp_path / "endless"
    run = planned(study, tmp_path, "endless", wardrobe)
    workers = list[int]()

    def stop() -> None:
        workers.append(holder(folder))
        os.kill(os.getpid(), signal.SIGTERM)

    with (
        once(lambda: epochs_done(folder) >= 2, stop),
        pytest.raises(Interruption, match="stopped by SIGTERM during 1 runs") as stopped,
    ):
        ProcessExecutor().execute([run], lambda _run, _event: None)
    assert stopped.value.exit_code == 128 + signal.SIGTERM
    assert workers != [os.getpid()]
    assert not Path(f"/proc/{workers[0]}").exists()
    state = open_run(folder).load_checkpoint_values()
    assert state is not None
    assert state["epochs_done"] == epochs_done(folder)


def test_a_worker_stops_when_its_parent_process_is_gone(wardrobe: Dataset, tmp_path: Path) -> None:
    study = study_of(endless=tiny("mlp-vae", training__epochs="100000"))
    events: EventQueue = SimpleQueue()
    with WorkerProcess({}, events) as worker:
        worker.start_job(planned(study, tmp_path, "endless", wardrobe).job)
        wait_until(lambda: epochs_done(tmp_path / "endless") >= 1)
        worker._to.close()
        wait_until(lambda: events.get()[1].type == "lost")
        assert worker._process.wait() == 128 + signal.SIGTERM
    assert open_run(tmp_path / "endless").load_checkpoint_values() is not None


@pytest.mark.linux
def test_ray_gives_the_same_results_and_leaves_no_process(
    trained: TrainedRuns, wardrobe: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    # Ray takes a generator function for one only if no type checker is wrapped around it.
    monkeypatch.setattr(ray_cluster, "relay_events", inspect.unwrap(ray_cluster.relay_events))
    run = planned(study_of(small=tiny("mlp-vae")), tmp_path, "small", wardrobe)
    events = list[Event]()
    executor_named("ray", cpus=1).execute([run], lambda _, event: events.append(event))
    assert [each.step for each in events if each.type == "finished"] == [
        "train",
        "evaluate",
        "explorer",
    ]
    assert not [each for each in events if each.type in ("failed", "lost")]
    assert weights(tmp_path / "small") == weights(trained["mlp-vae"].path)
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    names = [Path(f"/proc/{child}/comm").read_text().strip() for child in children]
    assert not [name for name in names if "ray" in name or "gcs" in name]


def test_more_resources_than_this_machine_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    ray = ModuleType("ray")
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 2.0}, raising=False)
    ray_cluster._require_resources(ray, 2.0, 0.0)
    with pytest.raises(InputError, match="--cpus 3 per run, but Ray finds 2"):
        ray_cluster._require_resources(ray, 3.0, 0.0)
    with pytest.raises(InputError, match=r"--gpus 0\.5 per run, but Ray finds 0"):
        ray_cluster._require_resources(ray, 1.0, 0.5)


class FakeRay:
    """A cluster whose events are all available at once."""

    class exceptions:  # noqa: N801
        RayError = RuntimeError

    def __init__(self) -> None:
        self.cancelled: list[object] = []

    def wait(self, streams: list[object], timeout: float) -> tuple[list[object], list[object]]:
        return streams, []

    def get(self, event: object) -> object:
        if isinstance(event, Exception):
            raise event
        return event

    def cancel(self, stream: object) -> None:
        self.cancelled.append(stream)


def received(sent: Sequence[object], folder: Path, dataset: Dataset) -> list[Event]:
    """The events that the listener emits for those that a cluster sends."""
    events = list[Event]()
    run = planned(study_of(small=tiny("mlp-vae")), folder, "small", dataset)
    listener = ray_cluster.EventListener(
        FakeRay(), {iter(sent): run}, lambda _, e: events.append(e)
    )
    while listener.streams:
        listener.update()
    return events


def test_a_run_of_another_host_must_be_visible_here(
    wardrobe: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "SECONDS_TO_APPEAR", 0.0)
    sent = [Event("started", "train").to_json(), Event("finished", "train", 1.0).to_json(), "more"]
    started, lost = received(sent, tmp_path, wardrobe)
    assert (started.type, lost.type, lost.step) == ("started", "lost", "prepare")
    assert "--out must be on storage that all hosts share" in lost.text


def test_a_lost_host_is_reported(wardrobe: Dataset, tmp_path: Path) -> None:
    sent = [Event("started", "train").to_json(), RuntimeError("File x.py, line 3\nthe node died\n")]
    _, lost = received(sent, tmp_path, wardrobe)
    assert lost.type == "lost"
    assert lost.text == "Ray lost its worker (the node died); the same command resumes it"


def test_a_job_survives_its_json_form(wardrobe: Dataset, tmp_path: Path) -> None:
    study = study_of(small=tiny("cvae-2d", training__early_stopping_epochs="3"))
    job = planned(study, tmp_path, "small", wardrobe).job
    assert Job.from_json(job.to_json()) == job
    assert "\n" not in job.to_json()


def test_a_worker_refuses_other_images_than_those_of_the_study(
    wardrobe: Dataset, tmp_path: Path
) -> None:
    other = Dataset(train=wardrobe.test, test=wardrobe.test, source="elsewhere")
    study, datasets, events = study_of(small=tiny("mlp-vae")), DatasetCache(), list[Event]()
    datasets.add(study.data, None, other)
    execute_job(planned(study, tmp_path, "small", wardrobe).job, datasets, events.append)
    (failed, _) = events
    assert (failed.type, failed.step) == ("failed", "prepare")
    assert failed.text.startswith("the train images found here (elsewhere) are not those of the")


def test_executors_have_their_own_options_and_name_missing_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert executor_named("local", workers=None, cpus=None) == LocalExecutor()
    assert executor_named("processes", workers=3, gpus=None) == ProcessExecutor(workers=3)
    with pytest.raises(
        InputError, match=r"--workers is an option of --executor processes, not of ray"
    ):
        executor_named("ray", workers=3)
    with pytest.raises(
        InputError, match=r"unknown executor 'proceses'; did you mean 'processes'\?"
    ):
        executor_named("proceses")
    with pytest.raises(InputError, match="--workers must be at least 1, found 0"):
        executor_named("processes", workers=0)
    with pytest.raises(InputError, match="--cpus must be at least 1"):
        executor_named("ray", cpus=0.5)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"--executor ray needs Ray: pip install 'vaelab\[ray\]'"):
        RayExecutor().execute([], lambda _run, _event: None)


def test_an_unreachable_cluster_is_a_one_line_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ADDRESS", "ray://somewhere:10001")
    with pytest.raises(InputError, match="RAY_ADDRESS should be HOST:PORT"):
        RayExecutor().execute([], lambda _run, _event: None)


def test_workers_are_distributed_over_the_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    def gpus(count: int) -> list[str | None]:
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        made = [worker_environment(number, threads=2, is_on_cpu=False) for number in range(3)]
        assert all(environment["OMP_NUM_THREADS"] == "2" for environment in made)
        return [environment.get("CUDA_VISIBLE_DEVICES") for environment in made]

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus(1) == [None, None, None]
    assert gpus(2) == ["0", "1", "0"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    assert gpus(2) == ["4", "6", "4"]
    assert "CUDA_VISIBLE_DEVICES" not in worker_environment(0, threads=1, is_on_cpu=True)
