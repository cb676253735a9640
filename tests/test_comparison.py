"""Tables of runs: what is best, what is not to be compared, and the four forms."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vaelab.comparison import comparable, render
from vaelab.errors import InputError
from vaelab.runs import Run, open_run

MakeRun = Callable[..., Run]


def result(value: float, **changes: Any) -> dict[str, Any]:
    return {
        "value": value,
        "unit": "nats",
        "count": 120,
        "seed": 0,
        "direction": "lower",
        "standard_error": 1.0,
        "floor": 190.0,
        "baseline": 385.0,
        "split": "test",
        "classifier": None,
    } | changes


@pytest.fixture
def made(tmp_path: Path, trained: Any) -> MakeRun:
    """Copies of a run with numbers of our own."""

    def make(name: str, of: str = "mlp-vae", **metrics: dict[str, Any]) -> Run:
        folder = tmp_path / name
        shutil.copytree(trained[of].path, folder)
        run = open_run(folder)
        run.write_evaluation({"test_fingerprint": "x", "metrics": metrics, "details": {}})
        return run

    return make


def cells(table: str, name: str) -> list[str]:
    (line,) = [line for line in table.splitlines() if line.startswith(name)]
    return line.split()[2:]


def test_the_best_is_marked_only_when_its_lead_is_over_the_spread(made: MakeRun) -> None:
    close = [made(f"close-{v}", negative_elbo=result(v)) for v in (240.0, 242.0)]
    assert "*" not in render(close, "table").splitlines()[1]
    far = [made(f"far-{v}", negative_elbo=result(v)) for v in (240.0, 243.0)]  # over 2 sqrt(2)
    assert cells(render(far, "table"), "far-240.0") == ["*240.00"]
    assert cells(render(far, "table"), "far-243.0") == ["243.00"]
    assert "**240.00**" in render(far, "markdown")
    shares = {"unit": "share", "direction": "higher", "standard_error": 0.01}
    higher = [made(f"high-{v}", conditional_accuracy=result(v, **shares)) for v in (0.8, 0.9)]
    assert cells(render(higher, "table"), "high-0.9") == ["*0.900"]
    neither = [made(f"kl-{v}", kl=result(v, direction=None)) for v in (1.0, 90.0)]
    assert "*" not in "".join(cells(render(neither, "table"), "kl-1.0"))
    assert "*" not in "".join(cells(render(far[:1], "table"), "far-240.0"))
    unknown = [made(f"un-{v}", negative_elbo=result(v, standard_error=None)) for v in (1.0, 9.0)]
    assert "*" not in "".join(cells(render(unknown, "table"), "un-1.0"))


def test_what_perfect_and_useless_models_have_stands_below(made: MakeRun) -> None:
    table = render([made("one", reconstruction=result(240.0))], "table")
    assert [line.split() for line in table.splitlines()[2:4]] == [
        ["(floor)", "190.00"],
        ["(baseline)", "385.00"],
    ]
    assert "120 test images" in table


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        ({"classifier": "b" * 64}, "fid_proxy by another classifier"),
        ({"count": 60}, "fid_proxy by another number of images"),
        ({"split": "train"}, "fid_proxy by another split"),
    ],
)
def test_numbers_taken_on_other_terms_are_kept_apart(
    metrics: dict[str, Any], reason: str, made: MakeRun
) -> None:
    runs = [
        made("one", fid_proxy=result(1.0, classifier="a" * 64)),
        made("two", fid_proxy=result(2.0, **({"classifier": "a" * 64} | metrics))),
        made("three", fid_proxy=result(3.0, classifier="a" * 64)),
    ]
    assert [[run.name for run in group.runs] for group in comparable(runs)] == [
        ["one", "three"],
        ["two"],
    ]
    for form in ("table", "markdown"):
        assert f"Kept apart from the first table: {reason}" in render(runs, form)
    (_, second) = json.loads(render(runs, "json"))
    assert second["kept_apart_because"] == reason


def test_a_run_without_samples_stands_beside_any_judge(made: MakeRun) -> None:
    runs = [
        made("plain", negative_elbo=result(240.0)),
        made("evaluated", negative_elbo=result(241.0), fid_proxy=result(1.0, classifier="a" * 64)),
    ]
    assert len(comparable(runs)) == 1
    assert cells(render(runs, "table"), "plain") == ["240.00"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda run: replace(run, data=replace(run.data, test_fingerprint="?")), "test images"),
        (
            lambda run: replace(run, data=replace(run.data, train_fingerprint="?")),
            "training images",
        ),
        (lambda run: _with_data(run, split_seed=1), "validation split"),
        (lambda run: _with_data(run, binarize=True), "binarization"),
        (
            lambda run: replace(
                run,
                config=replace(
                    run.config, model=replace(run.config.model, likelihood="squared-error")
                ),
            ),
            "unit of the likelihood",
        ),
    ],
)
def test_runs_on_other_data_are_kept_apart(change: Any, reason: str, made: MakeRun) -> None:
    runs = [made("one", negative_elbo=result(1.0)), change(made("two", negative_elbo=result(2.0)))]
    one, two = comparable(runs)
    assert one.reason == ""
    assert two.reason == f"other {reason}"


def _with_data(run: Run, **changes: Any) -> Run:
    return replace(run, config=replace(run.config, data=replace(run.config.data, **changes)))


def test_csv_and_json_hold_everything_in_full(made: MakeRun) -> None:
    runs = [made("one", negative_elbo=result(240.123456)), made("two", negative_elbo=result(200.5))]
    one, two = csv.DictReader(io.StringIO(render(runs, "csv")))
    assert float(one["negative_elbo"]) == 240.123456
    assert float(two["negative_elbo_standard_error"]) == 1.0
    assert float(two["negative_elbo_floor"]) == 190.0
    (table,) = json.loads(render(runs, "json"))
    assert table["rows"][0]["metrics"]["negative_elbo"] == result(240.123456)
    assert [row["best_in"] for row in table["rows"]] == [[], ["negative_elbo"]]
    with pytest.raises(InputError, match="did you mean 'json'"):
        render(runs, "jsn")


def test_columns_can_be_chosen(made: MakeRun) -> None:
    runs = [made("one", negative_elbo=result(240.0), mse=result(0.01, unit="squared"))]
    assert render(runs, "markdown", ("mse",)).startswith("| run | preset | mse (squared) |")
    with pytest.raises(InputError, match="did you mean 'mse'"):
        render(runs, "table", ("mss",))


def test_a_run_without_evaluation_is_told(made: MakeRun) -> None:
    run = made("one", negative_elbo=result(1.0))
    (run.path / "evaluation.json").unlink()
    with pytest.raises(InputError, match="was not evaluated yet; run `vaelab evaluate"):
        render([run], "table")
