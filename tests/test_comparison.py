"""Comparison tables: what is best, what cannot be compared, and the four formats."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vaelab.comparison import comparable, compare, open_evaluated, render
from vaelab.errors import InputError
from vaelab.evaluation.stored_samples import SamplesCard, StoredSamples
from vaelab.names import text_width
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
        "features": None,
        "is_headline": True,
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


def test_the_best_is_marked_only_if_its_lead_exceeds_the_standard_error(made: MakeRun) -> None:
    close = [made(f"close-{v}", negative_elbo=result(v)) for v in (240.0, 242.0)]
    assert "*" not in render(close, "table").splitlines()[1]
    far = [made(f"far-{v}", negative_elbo=result(v)) for v in (240.0, 243.0)]  # over 2 sqrt(2)
    assert cells(render(far, "table"), "far-240.0") == ["*240.00"]
    assert cells(render(far, "table"), "far-243.0") == ["243.00"]
    assert "**240.00**" in render(far, "markdown")
    shares = {"unit": "share", "direction": "higher", "standard_error": 0.01}
    higher = [made(f"high-{v}", conditional_accuracy=result(v, **shares)) for v in (0.8, 0.9)]
    assert cells(render(higher, "table"), "high-0.9") == ["*90.0"]
    neither = [made(f"kl-{v}", kl=result(v, direction=None)) for v in (1.0, 90.0)]
    assert "*" not in "".join(cells(render(neither, "table"), "kl-1.0"))
    assert "*" not in "".join(cells(render(far[:1], "table"), "far-240.0"))
    unknown = [made(f"un-{v}", negative_elbo=result(v, standard_error=None)) for v in (1.0, 9.0)]
    assert "*" not in "".join(cells(render(unknown, "table"), "un-1.0"))


def test_likelihoods_given_the_label_are_not_ranked_with_others(made: MakeRun) -> None:
    runs = [
        made("vae-a", negative_elbo=result(250.0)),
        made("vae-b", negative_elbo=result(240.0)),
        made("cvae-a", of="cvae", negative_elbo=result(230.0, given_label=True)),
        made("cvae-b", of="cvae", negative_elbo=result(220.0, given_label=True)),
    ]
    table = render(runs, "table")
    assert cells(table, "vae-b") == ["*240.00"]
    assert cells(table, "cvae-b") == ["220.00"]
    assert "conditional models are given the label" in table
    conditional = render(runs[2:], "table")
    assert cells(conditional, "cvae-b") == ["*220.00"]
    assert "given the label" not in conditional


def test_floors_and_baselines_stand_below(made: MakeRun) -> None:
    table = render([made("one", reconstruction=result(240.0))], "table")
    assert [line.split() for line in table.splitlines()[2:4]] == [
        ["(floor)", "190.00"],
        ["(baseline)", "385.00"],
    ]
    assert "120 test images" in table


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        ({"features": "b" * 64}, "fid_proxy by a different feature extractor"),
        ({"count": 60}, "fid_proxy by a different number of images"),
        ({"split": "train"}, "fid_proxy by a different split"),
    ],
)
def test_numbers_under_different_conditions_are_in_different_tables(
    metrics: dict[str, Any], reason: str, made: MakeRun
) -> None:
    runs = [
        made("one", fid_proxy=result(1.0, features="a" * 64)),
        made("two", fid_proxy=result(2.0, **({"features": "a" * 64} | metrics))),
        made("three", fid_proxy=result(3.0, features="a" * 64)),
    ]
    assert [[run.name for run in group.runs] for group in comparable(runs)] == [
        ["one", "three"],
        ["two"],
    ]
    for form in ("table", "markdown"):
        assert f"Not comparable with the first table: {reason}" in render(runs, form)
    (_, second) = json.loads(render(runs, "json"))
    assert second["not_comparable_because"] == reason


def test_a_run_without_samples_is_comparable_with_any_features(made: MakeRun) -> None:
    runs = [
        made("plain", negative_elbo=result(240.0)),
        made("evaluated", negative_elbo=result(241.0), fid_proxy=result(1.0, features="a" * 64)),
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
        (lambda run: _with_unit(run, "squared error"), "unit of the likelihood"),
    ],
)
def test_runs_on_different_data_are_in_different_tables(
    change: Any, reason: str, made: MakeRun
) -> None:
    runs = [made("one", negative_elbo=result(1.0)), change(made("two", negative_elbo=result(2.0)))]
    one, two = comparable(runs)
    assert one.reason == ""
    assert two.reason == f"different {reason}"


def _with_unit(run: Run, unit: str) -> Run:
    file = run.path / "config.json"
    values = json.loads(file.read_text())
    values["capabilities"]["unit"] = unit
    file.write_text(json.dumps(values))
    return run


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


def test_names_are_data_in_every_format(made: MakeRun) -> None:
    names = ("a|b", "_x_ $y$ *z*", "<i>", "裙子", "line\nbreak")
    runs = [made(name, negative_elbo=result(240.0)) for name in names]
    shown = [run.name for run in runs]
    assert shown == [*names[:-1], r"line\nbreak"]
    assert [row["run"] for row in csv.DictReader(io.StringIO(render(runs, "csv")))] == shown
    (table,) = json.loads(render(runs, "json"))
    assert [row["run"] for row in table["rows"]] == shown
    text = render(runs, "table").splitlines()
    # The numbers are in one column, though two letters of 裙子 take four.
    ends = {text_width(line) for line in text[:6]}
    assert len(ends) == 1
    markdown = render(runs, "markdown").splitlines()
    assert r"| a\|b | mlp-vae | 240.00 |" in markdown
    assert r"| \_x\_ \$y\$ \*z\* | mlp-vae | 240.00 |" in markdown
    assert r"| \<i\> | mlp-vae | 240.00 |" in markdown
    assert r"| line\\nbreak | mlp-vae | 240.00 |" in markdown
    assert "&lt;i&gt;" in compare(runs)._repr_html_()


def test_columns_can_be_chosen(made: MakeRun) -> None:
    runs = [made("one", negative_elbo=result(240.0), mse=result(0.01, unit="squared"))]
    assert render(runs, "markdown", ("mse",)).startswith("| run | preset | mse (squared) |")
    with pytest.raises(InputError, match="did you mean 'mse'"):
        render(runs, "table", ("mss",))


def test_a_run_without_evaluation_is_refused(made: MakeRun) -> None:
    run = made("one", negative_elbo=result(1.0))
    (run.path / "evaluation.json").unlink()
    with pytest.raises(InputError, match="was not evaluated yet; run `vaelab evaluate"):
        render([run], "table")


def test_numbers_that_are_no_headlines_are_shown_on_request(made: MakeRun) -> None:
    run = made("one", kl=result(9.0), mse=result(0.5, unit="", is_headline=False))
    assert "mse" not in render([run], "table")
    assert cells(render([run], "table", ("mse",)), "one") == ["0.5"]


def test_samples_made_elsewhere_are_compared_with_runs(made: MakeRun, tmp_path: Path) -> None:
    run = made("one", fid_proxy=result(2.0, unit=""), negative_elbo=result(240.0))
    folder = tmp_path / "theirs"
    card = SamplesCard(source="x.npz", count=120, has_labels=False, fingerprint="f")
    stored = StoredSamples(folder, card, run.data)
    stored.create()
    stored.write_evaluation({"metrics": {"fid_proxy": result(9.0, unit="")}})
    theirs = open_evaluated(folder)
    assert len(comparable([run, theirs])) == 1
    table = render([open_evaluated(run.path), theirs], "table")
    assert cells(table, "theirs") == ["9"]
    assert "samples" in table
    elsewhere = StoredSamples(folder, card, replace(run.data, test_fingerprint="?"))
    assert [group.reason for group in comparable([run, elsewhere])] == [
        "",
        "different test images",
    ]


def test_a_comparison_becomes_a_data_frame(made: MakeRun) -> None:
    runs = [made(f"of-{value}", negative_elbo=result(value)) for value in (240.0, 250.0)]
    frame = compare(runs).to_frame()
    assert list(frame.index) == ["of-240.0", "of-250.0"]
    assert frame.loc["of-250.0", "negative_elbo"] == 250.0
    assert frame.loc["of-240.0", "negative_elbo_floor"] == 190.0
