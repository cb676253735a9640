from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev

import pytest

from tests.report.stored_runs import config, metrics, seeded, write_run
from vaelab.config import Config
from vaelab.report.stored_results import StoredRun
from vaelab.report.stored_study import read_folder
from vaelab.report.sweeps import Sweep, find_repetitions, find_sweeps


def sweep_of(runs: list[StoredRun], field: str) -> Sweep | None:
    return next((sweep for sweep in find_sweeps(runs) if sweep.field == field), None)


RunsOf = Callable[..., list[StoredRun]]


@pytest.fixture
def runs_of(tmp_path: Path) -> RunsOf:
    """Writes and reads a run for each configuration."""

    def write(*configs: Config) -> list[StoredRun]:
        for i, each in enumerate(configs):
            write_run(tmp_path, f"run-{i}", each, measured=metrics(negative_elbo=240.0 + i))
        return read_folder(tmp_path).runs

    return write


def test_a_sweep_is_found_from_the_configurations(runs_of: RunsOf) -> None:
    base = config()
    runs = runs_of(
        config("beta-vae", objective__beta="4"),
        base,
        config(objective__beta="0.5", training__preview_every_epochs="0"),
        config(model__latent_size="2"),
    )
    beta, latent = sweep_of(runs, "objective.beta"), sweep_of(runs, "model.latent_size")
    assert beta is not None
    assert [point.text for point in beta.points] == ["0.5", "1", "4"]
    assert beta.setting.file == "beta"
    assert beta.is_logarithmic
    assert latent is not None
    assert [point.text for point in latent.points] == ["2", "10"]


def test_runs_that_differ_in_two_settings_make_no_sweep(runs_of: RunsOf) -> None:
    assert find_sweeps(runs_of(config(), config(objective__beta="4", model__latent_size="2"))) == []


def test_runs_on_other_splits_make_no_sweep(runs_of: RunsOf) -> None:
    assert find_sweeps(runs_of(config(), config(data__validation_fraction="0.2"))) == []


def test_the_sweep_with_the_most_values_is_found(runs_of: RunsOf) -> None:
    runs = runs_of(
        config("cvae"),
        config("cvae", model__latent_size="2"),
        *(config(model__latent_size=size) for size in ("2", "5", "10")),
    )
    latent = sweep_of(runs, "model.latent_size")
    assert latent is not None
    assert len(latent.points) == 3


def test_settings_that_are_not_numbers_have_no_axis(runs_of: RunsOf) -> None:
    sweep = sweep_of(runs_of(config(), config(training__optimizer="adamw")), "training.optimizer")
    assert sweep is not None
    assert not sweep.is_numeric
    assert sweep.slug == "sweep-training-optimizer"


def test_seeds_have_a_mean_and_a_standard_error(runs_of: RunsOf) -> None:
    runs = runs_of(
        *(seeded(config(), seed) for seed in (0, 1, 2)),
        *(seeded(config(objective__beta="4"), seed) for seed in (0, 1, 2)),
    )
    beta = sweep_of(runs, "objective.beta")
    assert beta is not None
    assert beta.has_seeds
    values = [240.0, 241.0, 242.0]
    measured = beta.points[0].measurement("β = 1", "negative_elbo")
    assert measured is not None
    assert measured.value == pytest.approx(mean(values))
    assert measured.standard_error == pytest.approx(stdev(values) / 3**0.5)
    assert [len(group) for group in find_repetitions(runs)] == [3, 3]


def test_the_same_run_under_two_names_counts_once(runs_of: RunsOf) -> None:
    runs = runs_of(config(), config("beta-vae", objective__beta="1"), config(objective__beta="4"))
    beta = sweep_of(runs, "objective.beta")
    assert beta is not None
    assert [len(point.runs) for point in beta.points] == [1, 1]
    assert find_repetitions(runs) == []


def test_a_metric_that_no_run_has_is_missing(runs_of: RunsOf) -> None:
    beta = sweep_of(runs_of(config(), config(objective__beta="4")), "objective.beta")
    assert beta is not None
    assert beta.points[0].measurement("β = 1", "ssim") is None
    assert beta.measurements("ssim") == []


def test_sweeps_of_stored_runs(tmp_path: Path) -> None:
    for rate in ("0.001", "0.01"):
        write_run(tmp_path, f"rate-{rate}", config(training__learning_rate=rate))
    (sweep,) = find_sweeps(read_folder(tmp_path).runs)
    assert sweep.field == "training.learning_rate"


def test_the_point_of_a_run_without_results(runs_of: RunsOf) -> None:
    beta = sweep_of(runs_of(config(), config(objective__beta="4")), "objective.beta")
    assert beta is not None
    point = beta.point_for(config(objective__beta="8"))
    assert point is not None
    assert point.text == "8"
    assert beta.point_for(config(objective__beta="8", model__latent_size="2")) is None
    assert beta.point_for(config("autoencoder")) is None


def test_metrics_under_different_conditions_are_not_comparable(runs_of: RunsOf) -> None:
    runs = runs_of(config(), config(objective__beta="4"))
    beta = sweep_of(runs, "objective.beta")
    assert beta is not None
    assert beta.is_comparable("negative_elbo")
    runs[1].metrics["negative_elbo"]["count"] = 500
    assert not beta.is_comparable("negative_elbo")


def test_two_runs_that_a_study_does_not_compare_are_no_sweep(runs_of: RunsOf) -> None:
    others = [("other", "runs")]
    runs = runs_of(config(), config(model__latent_size="2"), config(model__latent_size="5"))
    two, names = runs[:2], [run.name for run in runs[:2]]
    assert [sweep.field for sweep in find_sweeps(two)] == ["model.latent_size"]
    assert find_sweeps(two, others) == []
    assert [sweep.field for sweep in find_sweeps(two, [names])] == ["model.latent_size"]
    assert [sweep.field for sweep in find_sweeps(runs, others)] == ["model.latent_size"]
