import itertools
import math
from typing import Any

import pytest

from tests.report.stored_runs import record
from vaelab.report import findings
from vaelab.report.findings import Reading


def readings(*values: float, error: float | None = 0.5) -> list[Reading]:
    return [Reading(f"β = {2**i}", value, error) for i, value in enumerate(values)]


def trend(*values: float, error: float | None = 0.5, expected: Any = "rises") -> str:
    text = findings.trend("The reconstruction", "nats", readings(*values, error=error), expected)
    assert text is not None
    return text


@pytest.mark.parametrize(
    ("difference", "error", "order"),
    [(-2.0, 0.5, "lower"), (2.0, 0.5, "higher"), (1.0, 0.5, "alike"), (5.0, None, "unknown")],
)
def test_two_numbers_differ_beyond_two_standard_errors(
    difference: float, error: float | None, order: str
) -> None:
    assert findings.order(Reading("a", 10 + difference, error), Reading("b", 10, error)) == order


def test_a_course_as_theory_says() -> None:
    text = trend(230, 240, 250)
    assert "rises at every step" in text
    assert "from 230.00\u00a0nats at β = 1 to 250.00\u00a0nats at β = 4, as theory says" in text


def test_a_step_against_theory_is_named() -> None:
    text = trend(230, 250, 240, 260)
    assert "at 2 of 3 steps" in text
    assert "it falls from β = 2 to β = 4, which theory does not say" in text
    assert "at every step" not in text


def test_the_whole_course_against_theory() -> None:
    text = trend(250, 240, 230)
    assert "at 0 of 2 steps" in text
    assert "it falls from β = 1 to β = 2 and β = 2 to β = 4" in text


def test_a_falling_course_has_its_own_words() -> None:
    assert "falls at every step" in trend(15, 10, 5, expected="falls")
    assert "it rises from β = 2 to β = 4, which" in trend(15, 5, 10, expected="falls")


def test_a_tie_is_neither() -> None:
    text = trend(230, 230.3, 250)
    assert "at 1 of 2 steps" in text
    assert "from β = 1 to β = 2 it changes by no more than two standard errors" in text


def test_without_standard_errors_nothing_is_claimed() -> None:
    text = trend(230, 240, 250, error=None)
    assert "at 0 of 2 steps" in text
    assert "cannot be told" in text


def test_two_values_make_no_course() -> None:
    assert findings.trend("The KL", "nats", readings(1, 2), "rises") is None


@pytest.mark.parametrize("values", list(itertools.permutations((230.0, 240.0, 250.0))))
def test_every_order_has_its_own_sentence(values: tuple[float, ...]) -> None:
    text = trend(*values)
    assert ("at every step" in text) == (list(values) == sorted(values))


def test_the_best_leads_or_does_not() -> None:
    assert "is lowest at β = 1, 230.00\u00a0nats; next comes β = 2" in str(
        findings.best("The total", "nats", readings(230, 240), "lower")
    )
    assert "is highest at β = 2" in str(
        findings.best("The total", "nats", readings(230, 240), "higher")
    )
    assert "has no clear best" in str(
        findings.best("The total", "nats", readings(230, 230.5), "lower")
    )
    assert "cannot be told" in str(
        findings.best("The total", "nats", readings(230, 240, error=None), "lower")
    )
    assert findings.best("The total", "nats", readings(230), "lower") is None


def test_a_best_at_the_edge_is_told() -> None:
    assert "smallest value tried, β = 1" in str(
        findings.at_the_edge("negative_elbo", readings(1, 2, 3), "lower")
    )
    assert "largest value tried, β = 4" in str(
        findings.at_the_edge("negative_elbo", readings(1, 2, 3), "higher")
    )
    assert findings.at_the_edge("negative_elbo", readings(2, 1, 3), "lower") is None


@pytest.mark.parametrize(
    ("active", "kl", "words"),
    [
        (10, [1.0] * 10, "all 10 latent dimensions are active, and none has a KL below 0.01"),
        (4, [1.0] * 4 + [0.001] * 6, "4 of 10 latent dimensions are active, and 6 of 10 have"),
        (1, [1.0] + [0.0] * 9, "1 of 10 latent dimensions is active"),
        (0, [0.0] * 10, "none of 10 latent dimensions is active"),
        (None, [1.0] * 9 + [0.0], "1 of 10 has a KL below"),
        (10, None, "all 10 latent dimensions are active."),
    ],
)
def test_collapse(active: float | None, kl: list[float] | None, words: str) -> None:
    text = findings.collapse("run", 10, active, kl)
    assert text is not None
    assert words in text
    assert ("the posterior collapsed" in text) == (active == 0)


def test_nothing_known_of_the_dimensions_is_nothing_said() -> None:
    assert findings.collapse("run", 10, None, None) is None


def test_active_units_by_latent_size() -> None:
    assert "every dimension is used" in str(findings.activity([(2, 2), (5, 5)]))
    assert "not all are used at 40" in str(findings.activity([(2, 2), (40, 26)]))
    assert findings.activity([(2, 2)]) is None


def regularized(value: float, floor: float | None = 190.0) -> str | None:
    return findings.over_regularized(Reading("run", value, 0.7), floor, 385.0, "nats")


def test_a_reconstruction_like_the_mean_image_is_told() -> None:
    assert "hardly better than the mean" in str(regularized(380.0))
    assert "no better than the mean" in str(regularized(390.0))
    assert regularized(250.0) is None
    assert regularized(380.0, floor=None) is None


def fitting(*losses: float) -> str | None:
    records = [record(epoch, loss) for epoch, loss in enumerate(losses, 1)]
    return findings.fitting("run", records, "nats")


def test_the_best_epoch() -> None:
    assert "at epoch 3 of 3, the last" in str(fitting(3.0, 2.0, 1.0))
    assert "at epoch 2 of 3, and ends 4.00\u00a0nats above it" in str(fitting(3.0, 1.0, 5.0))
    assert fitting(3.0) == "run was trained for one epoch."
    assert fitting() is None


def test_the_gap_to_the_training_images_has_its_side() -> None:
    above = [record(e, 240.0, train={"negative_elbo": 230.0}) for e in (1, 2)]
    below = [record(e, 240.0, train={"negative_elbo": 250.0}) for e in (1, 2)]
    unknown = [record(e, 240.0, train={}) for e in (1, 2)]
    assert "lies 10.00\u00a0nats above" in str(findings.fitting("run", above, "nats"))
    assert "lies 10.00\u00a0nats below" in str(findings.fitting("run", below, "nats"))
    assert "lies" not in str(findings.fitting("run", unknown, "nats"))


def test_losses_that_are_no_numbers_are_passed_over() -> None:
    records = [record(1, math.nan), record(2, 5.0), record(3, 4.0)]
    assert "at epoch 3 of 3" in str(findings.fitting("run", records, "nats"))
    assert findings.fitting("run", [record(1, math.nan)], "nats") is None


def test_two_runs_beside_each_other() -> None:
    low, high = Reading("low", 220.0, 0.7), Reading("high", 229.0, 0.7)
    assert "is better for low than for high" in findings.beside("Total", "nats", low, high, "lower")
    assert "is better for low than for high" in findings.beside("Total", "nats", high, low, "lower")
    assert "is better for high than for low" in findings.beside("SSIM", "", low, high, "higher")
    near = Reading("near", 220.5, 0.7)
    assert "differ by no more" in findings.beside("Total", "nats", low, near, "lower")
    unknown = Reading("unknown", 220.0)
    assert "cannot be told" in findings.beside("Total", "nats", unknown, high, "lower")


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (0.6, 0.004, "some of the class is left in z"),
        (0.105, 0.004, "nothing of the class can be read from z"),
        (0.05, 0.004, "nothing of the class can be read from z"),
        (0.6, None, "run: from z, a vote"),
    ],
)
def test_what_is_left_of_the_class(value: float, error: float | None, words: str) -> None:
    text = findings.label_leakage(Reading("run", value, error), 0.1, "a vote")
    assert text is not None
    assert words in text
    assert findings.label_leakage(Reading("run", value, error), None, "a vote") is None


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (0.80, 0.004, "less often than in real"),
        (0.94, 0.004, "as in real test images"),
        (0.99, 0.001, "more often than in real"),
        (0.94, None, "and in 94.3\u00a0% of real"),
    ],
)
def test_control_beside_real_images(value: float, error: float | None, words: str) -> None:
    text = findings.conditional_accuracy(
        Reading("run", value, error), 0.943, 10_000, "The classifier"
    )
    assert text is not None
    assert words in text


def test_control_without_real_images() -> None:
    text = findings.conditional_accuracy(Reading("run", 0.8, 0.01), None, None, "The classifier")
    assert text == "The classifier sees the class asked for in 80.0\u00a0% of the samples of run."


def test_the_hardest_class() -> None:
    text = findings.hardest_classes([0.9, 0.4, 0.4], ["a", "b", "c"])
    assert text == "Least often for b and c, 40.0\u00a0%; most often for a, 90.0\u00a0%."
    assert "Every class alike" in str(findings.hardest_classes([0.5, 0.5], ["a", "b"]))
    assert findings.hardest_classes([0.5], ["a"]) is None
    assert findings.hardest_classes([0.5, 0.6], ["a"]) is None
    assert findings.hardest_classes([math.nan, 0.6], ["a", "b"]) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (4.0, "gone 50 % of the way from noise to real"),
        (9.0, "no nearer to real images than noise"),
        (0.005, "as near to test images as real ones"),
    ],
)
def test_where_samples_lie(value: float, words: str) -> None:
    assert words in str(findings.samples_between(Reading("run", value), 0.01, 8.0))
    assert findings.samples_between(Reading("run", value), None, 8.0) is None
    assert findings.samples_between(Reading("run", value), 8.0, 0.01) is None


def test_training_that_did_not_come_to_its_end() -> None:
    falling = [record(1, 300.0), record(2, 290.0)]
    settled = [record(1, 300.0), record(2, 299.9)]
    rising = [record(1, 300.0), record(2, 310.0)]
    unknown = [record(1, math.nan), record(2, 1.0)]
    assert findings.unfinished([("rate 0.1", falling), ("rate 1", settled)], "nats") == (
        "The validation loss was still falling in the last epoch: by 10.00\u00a0nats at rate 0.1."
    )
    quiet = [("a", settled), ("b", rising), ("c", unknown), ("d", falling[:1]), ("e", [])]
    assert findings.unfinished(quiet, "nats") is None


def test_repetitions_have_mean_and_spread() -> None:
    text = findings.repeated("a and b", "negative_elbo", "nats", [240.0, 242.0])
    assert text is not None
    assert "241.00\u00a0nats in the mean, standard deviation 1.41" in text
    assert findings.repeated("a", "negative_elbo", "nats", [240.0]) is None


def test_a_run_that_broke_off() -> None:
    assert findings.broken_off("learning rate 1", "train", "the loss is not finite.") == (
        "At learning rate 1 there are no numbers; the run failed at the step “train”: the loss is "
        "not finite."
    )
    assert findings.broken_off("β = 2", "", "").endswith("the run failed.")
