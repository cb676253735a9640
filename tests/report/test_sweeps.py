from pathlib import Path
from statistics import mean, stdev

import pytest

from tests.report.stored_runs import config, seeded, stored, write_run
from vaelab.config import Config
from vaelab.report.stored_runs import StoredRun, read_folder
from vaelab.report.sweeps import Sweep, find_repetitions, find_sweeps


def sweep_of(runs: list[StoredRun], field: str) -> Sweep | None:
    return next((sweep for sweep in find_sweeps(runs) if sweep.field == field), None)


def runs_of(*configs: Config) -> list[StoredRun]:
    return [stored(each, f"run-{i}", negative_elbo=240.0 + i) for i, each in enumerate(configs)]


def test_a_sweep_is_found_from_the_configurations() -> None:
    base = config()
    runs = runs_of(
        config("beta-vae", objective__beta="4"),
        base,
        config(objective__beta="0.5", training__preview_every_epochs="0"),
        config(model__latent_size="2"),
    )
    beta, latent = sweep_of(runs, "objective.beta"), sweep_of(runs, "model.latent_size")
    assert beta is not None
    assert [point.shown for point in beta.points] == ["0.5", "1", "4"]
    assert beta.knob.file == "beta"
    assert beta.is_logarithmic
    assert latent is not None
    assert [point.shown for point in latent.points] == ["2", "10"]


def test_runs_that_differ_in_two_settings_make_no_sweep() -> None:
    assert find_sweeps(runs_of(config(), config(objective__beta="4", model__latent_size="2"))) == []


def test_runs_on_other_splits_are_not_put_together() -> None:
    assert find_sweeps(runs_of(config(), config(data__validation_fraction="0.2"))) == []


def test_the_longest_row_is_taken() -> None:
    runs = runs_of(
        config("cvae"),
        config("cvae", model__latent_size="2"),
        *(config(model__latent_size=size) for size in ("2", "5", "10")),
    )
    latent = sweep_of(runs, "model.latent_size")
    assert latent is not None
    assert len(latent.points) == 3


def test_settings_that_are_no_numbers_have_no_axis() -> None:
    sweep = sweep_of(runs_of(config(), config(training__optimizer="adamw")), "training.optimizer")
    assert sweep is not None
    assert not sweep.is_numeric
    assert sweep.slug == "sweep-training-optimizer"


def test_seeds_are_a_mean_with_its_error() -> None:
    runs = runs_of(
        *(seeded(config(), seed) for seed in (0, 1, 2)),
        *(seeded(config(objective__beta="4"), seed) for seed in (0, 1, 2)),
    )
    beta = sweep_of(runs, "objective.beta")
    assert beta is not None
    assert beta.has_seeds
    values = [240.0, 241.0, 242.0]
    estimate = beta.points[0].estimate("negative_elbo")
    assert estimate is not None
    assert estimate.value == pytest.approx(mean(values))
    assert estimate.error == pytest.approx(stdev(values) / 3**0.5)
    assert [len(group) for group in find_repetitions(runs)] == [3, 3]


def test_the_same_run_under_two_names_counts_once() -> None:
    runs = runs_of(config(), config("beta-vae", objective__beta="1"), config(objective__beta="4"))
    beta = sweep_of(runs, "objective.beta")
    assert beta is not None
    assert [len(point.runs) for point in beta.points] == [1, 1]
    assert find_repetitions(runs) == []


def test_a_number_that_no_run_has_is_no_estimate() -> None:
    beta = sweep_of(runs_of(config(), config(objective__beta="4")), "objective.beta")
    assert beta is not None
    assert beta.points[0].estimate("ssim") is None


def test_sweeps_of_stored_runs(tmp_path: Path) -> None:
    for rate in ("0.001", "0.01"):
        write_run(tmp_path, f"rate-{rate}", config(training__learning_rate=rate))
    (sweep,) = find_sweeps(read_folder(tmp_path).runs)
    assert sweep.field == "training.learning_rate"


def test_where_a_run_would_stand_in_a_row() -> None:
    beta = sweep_of(runs_of(config(), config(objective__beta="4")), "objective.beta")
    assert beta is not None
    point = beta.point_of(config(objective__beta="8"))
    assert point is not None
    assert point.shown == "8"
    assert beta.point_of(config(objective__beta="8", model__latent_size="2")) is None
    assert beta.point_of(config("autoencoder")) is None


def test_numbers_taken_on_other_terms_are_no_line() -> None:
    runs = runs_of(config(), config(objective__beta="4"))
    beta = sweep_of(runs, "objective.beta")
    assert beta is not None
    assert beta.has_common_terms("negative_elbo")
    runs[1].metrics["negative_elbo"]["count"] = 500
    assert not beta.has_common_terms("negative_elbo")
