"""The progress display: running steps, next steps, time left; plain lines without a terminal."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from vaelab.studies import progress_display
from vaelab.studies.progress_display import ProgressDisplay, TimeEstimator
from vaelab.studies.step import Step


def step(kind: str, run: str = "small", size: float = 1.0) -> Step:
    return Step(
        kind=kind,
        run=run,
        record_file=Path("unused"),
        inputs=dict,
        output_exists=lambda: False,
        action=lambda _: None,
        size=size,
    )


def test_the_estimate_comes_from_steps_of_the_same_kind() -> None:
    estimator = TimeEstimator()
    estimator.add(step("train", size=100), seconds=10)
    assert estimator.expected(step("train", size=300)) == pytest.approx(30)
    estimator.add(step("train", size=300), seconds=70)
    assert estimator.expected(step("train", size=100)) == pytest.approx(20)
    estimator.add(step("evaluate"), seconds=5)
    assert estimator.expected(step("evaluate")) == pytest.approx(5)
    assert estimator.expected(step("train", size=100)) == pytest.approx(20)


def test_the_speed_of_a_resumed_training_counts_only_what_was_done_since() -> None:
    estimator = TimeEstimator()
    estimator.add(step("train", size=100), seconds=10, fraction=0.5)
    assert estimator.expected(step("train", size=100)) == pytest.approx(20)


class Clock:
    """A clock that a test sets."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        patch.setattr(progress_display.time, "monotonic", lambda: self.now)


def test_time_left_is_that_of_the_running_and_the_waiting_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    steps = [step("train", size=2), step("evaluate"), step("train", "other", size=4)]
    display = ProgressDisplay("quick", Console(file=io.StringIO()))
    display.add(steps)
    display.estimator.add(step("evaluate"), seconds=7)
    display.estimator.add(step("train"), seconds=5)
    assert display.seconds_left() == pytest.approx(10 + 7 + 20)
    report = display.start(steps[0])
    clock.now = 4.0
    report(0.25)
    report(0.5)
    # A quarter took 4 seconds, and half of the step is left.
    assert display.seconds_left() == pytest.approx(8 + 7 + 20)
    display.finish(steps[0], 12.0)
    display.skip(steps[1])
    display.skip(steps[2])
    assert display.seconds_left() == 0


def test_without_a_terminal_each_step_prints_one_line() -> None:
    steps = [step("train"), step("evaluate"), step("train", "other")]
    text = io.StringIO()
    display = ProgressDisplay("quick", Console(file=text, width=200))
    display.add(steps)
    with display.showing():
        display.skip(steps[0])
        display.start(steps[1])
        display.finish(steps[1], 3.21)
        display.start(steps[2])
        display.fail(steps[2], "failed: the [bold]loss[/bold] is not finite")
    lines = text.getvalue().splitlines()
    assert lines[0].startswith("2/3 small: evaluate, 3.2 s (about ")
    assert lines[1] == "3/3 other: train failed: the [bold]loss[/bold] is not finite"
    assert len(lines) == 2


def test_a_terminal_shows_running_and_next_steps() -> None:
    steps = [step("train"), step("evaluate"), step("figures"), step("explorer"), step("train", "b")]
    text = io.StringIO()
    display = ProgressDisplay("quick", Console(file=text, width=100, force_terminal=True))
    display.add(steps)
    with display.showing():
        display.start(steps[0])(0.5)
        display.live.refresh()
    shown = text.getvalue()
    for expected in ("Study", "quick", "0 of 5 steps", "small: train", "small: explorer"):
        assert expected in shown
    assert "b: train" not in shown
