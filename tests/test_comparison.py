"""Comparison tables: what is best, what cannot be compared, and the four formats."""

import csv
import io
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import stdev
from typing import Any

import pytest
import torch
from torch import Tensor

from vaelab.comparison import comparable, compare, difference, open_evaluated, read_row, render
from vaelab.errors import InputError
from vaelab.evaluation.stored_samples import SamplesCard, StoredSamples
from vaelab.names import text_width
from vaelab.randomness import generator
from vaelab.runs import PER_IMAGE, REPLICATES, Run, open_run
from vaelab.runs.evaluation_values import VALUES

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


COUNT = 10_000


def per_image(*shifts: float, noise: float = 6.0) -> list[Tensor]:
    """Losses of the same images by several runs: what the images share is far larger."""
    draws = generator(0, "losses")
    of_images = 240 + 76 * torch.randn(COUNT, generator=draws, dtype=torch.float64)
    return [
        of_images + shift + noise * torch.randn(COUNT, generator=draws, dtype=torch.float64)
        for shift in shifts
    ]


def with_values(
    run: Run, values: Tensor, kind: str = PER_IMAGE, name: str = "negative_elbo", **changes: Any
) -> Run:
    """The run with a number that rests on the values of single images or draws."""
    error = values.std().item() / (math.sqrt(len(values)) if kind == PER_IMAGE else 1)
    fields = {"count": COUNT, "standard_error": error} | changes
    number = result(fields.pop("value", values.mean().item()), **fields)
    run.write_evaluation({"metrics": {name: number}}, {f"{kind}{name}": values})
    return run


def test_a_lead_is_marked_by_paired_differences(made: MakeRun) -> None:
    losses = per_image(0.0, 1.79)
    runs = [
        with_values(made(name), values)
        for name, values in zip(("flagship", "mlp-vae"), losses, strict=True)
    ]
    # Two standard errors of an unpaired difference are 2.15 nats.
    assert cells(render(runs, "table"), "flagship")[0].startswith("*")
    table = render(runs, "table", differences_to="mlp-vae")
    assert "standard errors of the difference, paired over 10,000 images" in table
    (compared,) = compare(runs, differences_to="mlp-vae").tables
    found, of_reference = compared.differences("negative_elbo")
    assert of_reference is None
    assert found is not None
    expected = losses[0] - losses[1]
    assert found.value == pytest.approx(expected.mean().item(), abs=1e-9)
    assert found.standard_error == pytest.approx(expected.std().item() / 100, rel=1e-3)
    assert found.order == "lower"
    assert found.text == f"{abs(found.value):.2f} ± {found.standard_error:.2f}\u00a0nats"
    assert f"−{abs(found.value):.2f} ± {found.standard_error:.2f}" in table  # noqa: RUF001


def test_runs_that_do_not_differ_have_no_lead(made: MakeRun) -> None:
    losses = per_image(0.0, 0.05)
    runs = [with_values(made(f"run-{i}"), values) for i, values in enumerate(losses)]
    assert "*" not in render(runs, "table")


def test_the_best_leads_every_other_run(made: MakeRun) -> None:
    first, second, noisy = per_image(0.0, 1.0, 1.1)
    noisy = noisy + 76 * torch.randn(COUNT, generator=generator(1), dtype=torch.float64)
    runs = [with_values(made(f"run-{i}"), v) for i, v in enumerate((first, second, noisy))]
    assert cells(render(runs[:2], "table"), "run-0")[0].startswith("*")
    assert "*" not in render(runs, "table")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda run: with_values(run, per_image(2)[0], seed=1), "different seed of the evaluation"),
        (lambda run: (run.path / VALUES).unlink(), "values of single images are not stored"),
        (
            lambda run: (run.path / VALUES).write_bytes(
                (run.path / VALUES).read_bytes()[:-1] + b"\x00"
            ),
            "values of single images are not stored",
        ),
        (
            lambda run: run.write_evaluation(
                {**run.read_evaluation(), "test_fingerprint": "x"}, {}
            ),
            "values of single images are not stored",
        ),
        (lambda run: with_values(run, per_image(2)[0][:500]), "measured on other images"),
        (
            lambda run: with_values(run, per_image(2)[0], kind=REPLICATES),
            "measured on other images",
        ),
        (
            lambda run: with_values(run, torch.full((COUNT,), math.inf), value=1, standard_error=1),
            "values of some images are not finite",
        ),
    ],
)
def test_other_values_are_never_paired(change: Any, reason: str, made: MakeRun) -> None:
    losses = per_image(0.0, 1.79)
    first, second = (with_values(made(name), v) for name, v in zip("ab", losses, strict=True))
    change(second)
    numbers = [read_row(run).stored("negative_elbo") for run in (first, second)]
    found = difference(*numbers)
    assert not found.is_paired
    assert found.basis == f"unpaired: {reason}"
    errors = [number.result["standard_error"] for number in numbers]
    assert found.standard_error == pytest.approx(math.hypot(*errors))


def test_values_of_other_test_images_are_never_paired(made: MakeRun) -> None:
    first, second = (with_values(made(name), per_image(0.0)[0]) for name in "ab")
    assert difference(*(read_row(run).stored("negative_elbo") for run in (first, second))).is_paired
    moved = replace(second, data=replace(second.data, test_fingerprint="?"))
    found = difference(*(read_row(run).stored("negative_elbo") for run in (first, moved)))
    assert found.basis == "unpaired: different test images"


def test_set_distances_are_paired_over_bootstrap_draws(made: MakeRun) -> None:
    draws = torch.tensor([1.0, 1.2, 0.9, 1.1], dtype=torch.float64)
    others = draws + torch.tensor([0.10, 0.12, 0.09, 0.11], dtype=torch.float64)
    runs = [
        with_values(made(name), v, kind=REPLICATES, name="fid_proxy", unit="")
        for name, v in zip("ab", (draws, others), strict=True)
    ]
    (table,) = compare(runs, differences_to="best").tables
    best, found = table.differences("fid_proxy")
    assert best is None
    assert found is not None
    assert found.basis == "paired over 4 bootstrap draws"
    assert found.standard_error == pytest.approx((others - draws).std().item(), rel=1e-5)
    assert table.best("fid_proxy") is table.rows[0]


def test_differences_are_in_every_format(made: MakeRun) -> None:
    runs = [with_values(made(n), v) for n, v in zip("ab", per_image(0.0, 1.79), strict=True)]
    one, two = csv.DictReader(io.StringIO(render(runs, "csv", differences_to="a")))
    assert one["negative_elbo_difference"] == ""
    assert float(two["negative_elbo_difference"]) == pytest.approx(1.79, abs=0.3)
    assert float(two["negative_elbo_difference_standard_error"]) == pytest.approx(0.085, abs=0.01)
    assert two["negative_elbo_difference_basis"] == "paired over 10,000 images"
    (table,) = json.loads(render(runs, "json", differences_to="best"))
    assert table["differences_to"] == "best"
    assert "difference" not in table["rows"][0]["metrics"]["negative_elbo"]
    assert table["rows"][1]["metrics"]["negative_elbo"]["difference"] > 0
    assert "differences to a ± one standard error" in render(runs, "markdown", differences_to="a")
    assert "differences to the best value" in compare(runs, differences_to="best")._repr_html_()
    with pytest.raises(InputError, match="row of the comparison"):
        render(runs, "table", differences_to="c")


def seeded(run: Run, seed: int, **settings: str) -> Run:
    """The run as another seed of it."""
    file = run.path / "config.json"
    values = json.loads(file.read_text()) | {"seed": seed}
    values["training"] |= settings
    file.write_text(json.dumps(values))
    return open_run(run.path)


@pytest.fixture
def repeated(made: MakeRun) -> list[Run]:
    """Three seeds of one setting, two of another, and a single run."""
    first, second = (240.0, 242.0, 241.0), (250.0, 250.4)
    runs = [
        *(seeded(made(f"a-seed-{i}", negative_elbo=result(v)), i) for i, v in enumerate(first)),
        *(
            seeded(made(f"b-seed-{i}", negative_elbo=result(v)), i, optimizer="adamw")
            for i, v in enumerate(second)
        ),
    ]
    return [*runs, made("alone", of="cvae", kl=result(5.0, direction=None))]


def test_runs_that_differ_in_the_seed_are_one_row(repeated: list[Run]) -> None:
    (table,) = compare(repeated, group_seeds=True).tables
    assert [row.name for row in table.rows] == ["a", "b", "alone"]
    a, b, _ = table.rows
    assert [member.name for member in a.members] == ["a-seed-0", "a-seed-1", "a-seed-2"]
    assert a.metrics["negative_elbo"]["standard_deviation"] == pytest.approx(1.0)
    assert a.metrics["negative_elbo"]["standard_error"] == pytest.approx(1 / math.sqrt(3))
    text = render(repeated, "table", group_seeds=True)
    assert "*241.00 ± 1.00" in text
    assert "mean ± standard deviation over seeds" in text
    found = difference(a.stored("negative_elbo"), b.stored("negative_elbo"))
    assert found.basis == "over seeds"
    spread = stdev([250.0, 250.4]) / math.sqrt(2)
    assert found.standard_error == pytest.approx(math.hypot(1 / math.sqrt(3), spread))


def test_single_runs_and_groups_are_in_csv_json_and_frames(repeated: list[Run]) -> None:
    single = list(csv.DictReader(io.StringIO(render(repeated, "csv"))))
    assert [row["seeds"] for row in single] == ["0", "1", "2", "0", "1", "0"]
    assert "negative_elbo_standard_deviation" not in single[0]
    grouped = list(csv.DictReader(io.StringIO(render(repeated, "csv", group_seeds=True))))
    assert [row["seeds"] for row in grouped] == ["0 1 2", "0 1", "0"]
    assert float(grouped[0]["negative_elbo"]) == 241.0
    assert float(grouped[0]["negative_elbo_standard_deviation"]) == pytest.approx(1.0)
    assert grouped[0]["negative_elbo_seed_count"] == "3"
    (table,) = json.loads(render(repeated, "json", group_seeds=True))
    assert table["rows"][1]["runs"] == ["b-seed-0", "b-seed-1"]
    assert table["rows"][1]["seeds"] == [0, 1]
    frame = compare(repeated, group_seeds=True).to_frame()
    assert frame.loc["b", "negative_elbo"] == pytest.approx(250.2)
    assert list(compare(repeated).to_frame()["seeds"])[:3] == ["0", "1", "2"]


def test_a_single_run_varies_as_much_between_seeds_as_the_others(repeated: list[Run]) -> None:
    (table,) = compare(repeated[:4], group_seeds=True).tables
    group, single = table.rows
    assert single.name == "b-seed-0"
    for pair in ((group, single), (single, group)):
        found = difference(*(row.stored("negative_elbo") for row in pair))
        assert found.standard_error == pytest.approx(math.sqrt(1 + 1 / 3))
        assert found.basis == "over seeds"


def test_a_run_under_two_names_counts_once(made: MakeRun) -> None:
    numbers = {"one-seed-0": (240.0, 0), "copy": (240.0, 0), "one-seed-1": (242.0, 1)}
    runs = [seeded(made(n, negative_elbo=result(v)), seed) for n, (v, seed) in numbers.items()]
    (table,) = compare(runs, group_seeds=True).tables
    assert [row.name for row in table.rows] == ["one", "copy"]
    assert table.rows[0].value("negative_elbo") == 241.0


def test_derived_runs_are_grouped_by_the_settings_of_their_parents(made: MakeRun) -> None:
    parents = [seeded(made(f"parent-{i}"), i) for i in (0, 1)]
    other = seeded(made("other"), 1, optimizer="adamw")

    def derived(name: str, parent: Run) -> Run:
        run = made(name, negative_elbo=result(240.0))
        reference = {
            "run": f"../{parent.name}",
            "weights_fingerprint": parent.weights_fingerprint(),
            "trains": "prior",
        }
        file = run.path / "config.json"
        values = json.loads(file.read_text()) | {"parent": reference, "seed": parent.config.seed}
        file.write_text(json.dumps(values))
        return open_run(run.path)

    runs = [derived(f"gmm-{i}", parent) for i, parent in enumerate((*parents, other))]
    (table,) = compare(runs, group_seeds=True).tables
    assert [row.name for row in table.rows] == ["gmm-0 and 1 more", "gmm-2"]


def test_a_number_that_one_seed_lacks_has_no_mean(made: MakeRun) -> None:
    runs = [
        seeded(made("one-seed-0", negative_elbo=result(240.0), kl=result(5.0)), 0),
        seeded(made("one-seed-1", negative_elbo=result(242.0)), 1),
    ]
    (table,) = compare(runs, group_seeds=True).tables
    (row,) = table.rows
    assert row.value("negative_elbo") == 241.0
    assert row.value("kl") is None
