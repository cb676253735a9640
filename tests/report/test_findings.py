import itertools
import math
from typing import Any

import pytest

from tests.report.stored_runs import record
from vaelab.report.findings import conditional, latent_space, pairs, quality, sweeps, training
from vaelab.report.findings.measurement import Measurement, order


def measured(*values: float, error: float | None = 0.5) -> list[Measurement]:
    return [Measurement(f"β = {2**i}", value, error, "nats") for i, value in enumerate(values)]


def trend(*values: float, error: float | None = 0.5, expected: Any = "rises") -> str:
    text = sweeps.trend("reconstruction", measured(*values, error=error), expected)
    assert text is not None
    return text


@pytest.mark.parametrize(
    ("difference", "error", "found"),
    [(-2.0, 0.5, "lower"), (2.0, 0.5, "higher"), (1.0, 0.5, "equal"), (5.0, None, "unknown")],
)
def test_two_values_differ_beyond_two_standard_errors(
    difference: float, error: float | None, found: str
) -> None:
    assert order(Measurement("a", 10 + difference, error), Measurement("b", 10, error)) == found


def test_a_trend_as_expected() -> None:
    assert trend(230, 240, 250) == (
        "The reconstruction rises at every step, from 230.00\u00a0nats at β = 1 to "
        "250.00\u00a0nats at β = 4, as expected."
    )


def test_a_step_against_the_trend_is_named() -> None:
    text = trend(230, 250, 240, 260)
    assert "in 2 of 3 steps; it falls from β = 2 to β = 4." in text
    assert "at every step" not in text


def test_the_opposite_trend() -> None:
    text = trend(250, 240, 230)
    assert "in 0 of 2 steps" in text
    assert "it falls from β = 1 to β = 2 and β = 2 to β = 4" in text


def test_a_falling_trend() -> None:
    assert "falls at every step" in trend(15, 10, 5, expected="falls")
    assert "it rises from β = 2 to β = 4" in trend(15, 5, 10, expected="falls")


def test_a_change_within_the_error_is_no_trend() -> None:
    text = trend(230, 230.3, 250)
    assert "in 1 of 2 steps" in text
    assert "from β = 1 to β = 2 it changes by less than two standard errors" in text


def test_a_trend_without_standard_errors_is_undetermined() -> None:
    text = trend(230, 240, 250, error=None)
    assert "in 0 of 2 steps" in text
    assert "the change is undetermined without standard errors" in text


def test_two_values_have_no_trend() -> None:
    assert sweeps.trend("KL", measured(1, 2), "rises") is None


@pytest.mark.parametrize("values", list(itertools.permutations((230.0, 240.0, 250.0))))
def test_only_sorted_values_follow_the_trend(values: tuple[float, ...]) -> None:
    assert ("at every step" in trend(*values)) == (list(values) == sorted(values))


def test_the_best_value() -> None:
    def best(*values: float, better: Any = "lower", error: float | None = 0.5) -> str:
        return str(sweeps.best("negative ELBO", measured(*values, error=error), better))

    assert best(230, 240) == (
        "The negative ELBO is lowest at β = 1 (230.00\u00a0nats), 10.00 ± 0.71\u00a0nats lower "
        "than at β = 2 (unpaired)."
    )
    assert "is highest at β = 2" in best(230, 240, better="higher")
    assert "No value has a clearly lowest negative ELBO" in best(230, 230.5)
    assert "without standard errors, the order of" in best(230, 240, error=None)
    # The second is clearly worse, the third is not: its own error is larger.
    first, second = measured(230.0, 233.0)
    third = Measurement("β = 4", 234.0, 3.0, "nats")
    text = str(sweeps.best("negative ELBO", [first, second, third], "lower"))
    assert "β = 1 (230.00\u00a0nats) and β = 4 (234.00\u00a0nats) differ by 4.00 ± 3.04" in text
    assert sweeps.best("negative ELBO", measured(230), "lower") is None


def test_a_best_value_at_the_edge() -> None:
    def edge(*values: float, better: Any = "lower") -> str:
        return str(sweeps.best_at_the_edge("KL", measured(*values), better))

    assert "smallest value tried, β = 1; a smaller value may be better" in edge(1, 2, 3)
    assert "largest value tried, β = 4; a larger value may be better" in edge(
        1, 2, 3, better="higher"
    )
    assert sweeps.best_at_the_edge("KL", measured(2, 1, 3), "lower") is None


def test_validation_losses_that_still_decrease() -> None:
    falling = [record(1, 300.0), record(2, 290.0)]
    settled = [record(1, 300.0), record(2, 299.9)]
    rising = [record(1, 300.0), record(2, 310.0)]
    unknown = [record(1, math.nan), record(2, 1.0)]
    assert sweeps.still_decreasing({"rate 0.1": falling, "rate 1": settled}, "nats") == (
        "The validation loss was still decreasing in the last epoch: by 10.00\u00a0nats at rate "
        "0.1."
    )
    others = {"a": settled, "b": rising, "c": unknown, "d": falling[:1], "e": []}
    assert sweeps.still_decreasing(others, "nats") is None


def test_a_value_whose_run_failed() -> None:
    assert sweeps.failed_value("learning rate 1", "train", "the loss is not finite.") == (
        "There are no results for learning rate 1: the run failed at the step “train”: the loss "
        "is not finite."
    )
    assert sweeps.failed_value("β = 2", "", "").endswith("the run failed.")


@pytest.mark.parametrize(
    ("active", "kl", "text"),
    [
        (10, [1.0] * 10, "all 10 latent dimensions are active; none has a KL below 0.01"),
        (4, [1.0] * 4 + [0.001] * 6, "4 of 10 latent dimensions are active; 6 of 10 have"),
        (1, [1.0] + [0.0] * 9, "1 of 10 latent dimensions is active"),
        (0, [0.0] * 10, "none of 10 latent dimensions are active"),
        (None, [1.0] * 9 + [0.0], "1 of 10 has a KL below"),
        (10, None, "all 10 latent dimensions are active"),
    ],
)
def test_collapse(active: float | None, kl: list[float] | None, text: str) -> None:
    for has_collapsed in (True, False):
        found = latent_space.collapse("run", 10, active, kl, has_collapsed=has_collapsed)
        assert found is not None
        assert text in found
        assert ("the posterior has collapsed" in found) == has_collapsed


def test_nothing_is_said_about_unknown_dimensions() -> None:
    assert latent_space.collapse("run", 10, None, None, has_collapsed=True) is None


def test_active_units_by_latent_size() -> None:
    assert "is used in full" in str(latent_space.activity([(2, 2), (5, 5)]))
    assert "unused with a latent size of 40" in str(latent_space.activity([(2, 2), (40, 26)]))
    assert latent_space.activity([(2, 2)]) is None


def poor(value: float, floor: float | None = 190.0) -> str | None:
    run = Measurement("run", value, 0.7, "nats")
    return quality.poor_reconstruction(run, floor, 385.0)


def test_a_reconstruction_like_the_mean_image() -> None:
    assert "hardly better than the mean" in str(poor(380.0))
    assert "no better than the mean" in str(poor(390.0))
    assert poor(250.0) is None
    assert poor(380.0, floor=None) is None


def best_epoch(*losses: float) -> str | None:
    records = [record(epoch, loss) for epoch, loss in enumerate(losses, 1)]
    return training.best_epoch("run", records, "nats")


def test_the_best_epoch() -> None:
    assert "at epoch 3 of 3, the last one" in str(best_epoch(3.0, 2.0, 1.0))
    assert "at epoch 2 of 3; at the last epoch it is 4.00\u00a0nats higher" in str(
        best_epoch(3.0, 1.0, 5.0)
    )
    assert best_epoch(3.0) == "run was trained for one epoch."
    assert best_epoch() is None
    fitted = [record(1, 240.0, train={})]
    assert training.best_epoch("run", fitted, "nats") is None


def test_the_loss_of_a_prior_has_no_unit() -> None:
    records = [
        {"epoch": epoch, "selection_loss": loss, "validation": {"prior_loss": loss}}
        for epoch, loss in ((1, 3.0), (2, 3.5))
    ]
    assert "it is 0.5 higher" in str(training.best_epoch("run", records, "nats"))


def test_the_gap_between_training_and_validation() -> None:
    def gap(train: dict[str, float]) -> str:
        records = [record(epoch, 240.0, train=train) for epoch in (1, 2)]
        return str(training.best_epoch("run", records, "nats"))

    assert (
        "the validation negative ELBO is 10.00\u00a0nats above the mean training negative ELBO"
    ) in gap({"negative_elbo": 230.0})
    assert "10.00\u00a0nats below" in gap({"negative_elbo": 250.0})
    assert "the validation reconstruction is" in gap({"reconstruction": 250.0})
    assert "In the last epoch" not in gap({})


def test_losses_that_are_not_numbers_are_skipped() -> None:
    records = [record(1, math.nan), record(2, 5.0), record(3, 4.0)]
    assert "at epoch 3 of 3" in str(training.best_epoch("run", records, "nats"))
    assert training.best_epoch("run", [record(1, math.nan)], "nats") is None


def test_seeds_have_mean_and_standard_deviation() -> None:
    text = training.seeds("a and b", "negative ELBO", "nats", [240.0, 242.0])
    assert text == (
        "a and b (2 seeds): mean negative ELBO 241.00\u00a0nats, standard deviation 1.41."
    )
    assert training.seeds("a", "negative ELBO", "nats", [240.0]) is None


def test_two_runs() -> None:
    low, high = (
        Measurement("low", 220.0, 0.7, "nats"),
        Measurement("high", 229.0, 0.7, "nats"),
    )
    expected = (
        "KL (lower is better): low is 9.00 ± 0.99\u00a0nats lower than high (unpaired), "
        "220.00\u00a0nats against 229.00\u00a0nats."
    )
    assert pairs.difference("KL", low, high, "lower") == expected
    assert pairs.difference("KL", high, low, "lower") == expected
    higher = pairs.difference("SSIM", low, high, "higher")
    assert higher.startswith(
        "SSIM (higher is better): high is 9.00 ± 0.99\u00a0nats higher than low"
    )
    near = Measurement("near", 220.5, 0.7)
    same = pairs.difference("KL", low, near, "lower")
    assert "differ by 0.50 ± 0.99\u00a0nats (unpaired), less than two standard errors" in same
    unknown = Measurement("unknown", 220.0)
    assert "it is undetermined" in pairs.difference("KL", unknown, high, "lower")


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.6, 0.004, "still encodes the class in part"),
        (0.105, 0.004, "does not encode the class"),
        (0.05, 0.004, "does not encode the class"),
        (0.6, None, "run: a probe on z predicts"),
    ],
)
def test_label_leakage(value: float, error: float | None, text: str) -> None:
    run = Measurement("run", value, error, "share")
    assert text in str(conditional.label_leakage(run, 0.1, "a probe"))
    assert conditional.label_leakage(run, None, "a probe") is None


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.80, 0.004, "less often than in real"),
        (0.94, 0.004, "as often as in real test images"),
        (0.99, 0.001, "more often than in real"),
        (0.94, None, "and in 94.3\u00a0% of the real"),
    ],
)
def test_conditional_accuracy_and_real_images(value: float, error: float | None, text: str) -> None:
    run = Measurement("run", value, error, "share")
    assert text in conditional.conditional_accuracy(run, 0.943, 10_000, "The classifier")


def test_conditional_accuracy_without_real_images() -> None:
    run = Measurement("run", 0.8, 0.01, "share")
    assert conditional.conditional_accuracy(run, None, None, "The classifier") == (
        "The classifier recognizes the requested class in 80.0\u00a0% of the samples of run."
    )


def test_the_hardest_classes() -> None:
    assert conditional.hardest_classes([0.9, 0.4, 0.4], ["a", "b", "c"]) == (
        "Lowest conditional accuracy: b and c, 40.0\u00a0%. Highest: a, 90.0\u00a0%."
    )
    assert "Every class has the same" in str(conditional.hardest_classes([0.5, 0.5], ["a", "b"]))
    assert conditional.hardest_classes([0.5], ["a"]) is None
    assert conditional.hardest_classes([0.5, 0.6], ["a"]) is None
    assert conditional.hardest_classes([math.nan, 0.6], ["a", "b"]) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4.0, "is 4.000, between that of real images (0.010) and that of a Gaussian"),
        (9.0, "no better than that of a Gaussian fitted to the training pixels (8.000)"),
        (0.005, "no worse than that of real images (0.010)"),
    ],
)
def test_the_quality_of_samples(value: float, text: str) -> None:
    run = Measurement("run", value, unit="squared feature distance")
    assert text in str(quality.samples("FID proxy", run, 0.01, 8.0))
    assert quality.samples("FID proxy", run, None, 8.0) is None
    assert quality.samples("FID proxy", run, 8.0, 0.01) is None
