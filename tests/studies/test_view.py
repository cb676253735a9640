"""The live view: what runs, what is next, time left; and plain lines where there is no terminal."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from vaelab.studies import view as view_module
from vaelab.studies.step import Step
from vaelab.studies.view import Forecast, StudyView


def step(kind: str, run: str = "small", size: float = 1.0) -> Step:
    return Step(
        kind=kind,
        run=run,
        ledger=Path("unused"),
        inputs=dict,
        is_there=lambda: False,
        work=lambda _: None,
        size=size,
    )


def test_a_forecast_learns_from_steps_of_the_same_kind() -> None:
    forecast = Forecast()
    forecast.learn(step("train", size=100), seconds=10)
    assert forecast.expected(step("train", size=300)) == pytest.approx(30)
    forecast.learn(step("train", size=300), seconds=70)
    assert forecast.expected(step("train", size=100)) == pytest.approx(20)
    forecast.learn(step("evaluate"), seconds=5)
    assert forecast.expected(step("evaluate")) == pytest.approx(5)
    assert forecast.expected(step("train", size=100)) == pytest.approx(20)


def test_a_training_that_goes_on_in_the_middle_tells_its_speed_rightly() -> None:
    forecast = Forecast()
    forecast.learn(step("train", size=100), seconds=10, share=0.5)
    assert forecast.expected(step("train", size=100)) == pytest.approx(20)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        patch.setattr(view_module.time, "monotonic", lambda: self.now)


def test_time_left_is_that_of_this_step_and_of_those_to_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)
    steps = [step("train", size=2), step("evaluate"), step("train", "other", size=4)]
    view = StudyView("quick", steps, Console(file=io.StringIO()))
    view.forecast.learn(step("evaluate"), seconds=7)
    view.forecast.learn(step("train"), seconds=5)
    assert view.seconds_left() == pytest.approx(10 + 7 + 20)
    advance = view.begin(steps[0])
    clock.now = 4.0
    advance(0.25)
    advance(0.5)
    # From a quarter on: a quarter in 4 seconds, half of it left.
    assert view.seconds_left() == pytest.approx(8 + 7 + 20)
    view.done(steps[0], 12.0)
    view.kept(steps[1])
    view.passed_over(steps[2])
    assert view.seconds_left() == 0


def test_without_a_terminal_each_step_is_a_line() -> None:
    steps = [step("train"), step("evaluate"), step("train", "other")]
    text = io.StringIO()
    view = StudyView("quick", steps, Console(file=text, width=200))
    with view.showing():
        view.kept(steps[0])
        view.begin(steps[1])
        view.done(steps[1], 3.21)
        view.begin(steps[2])
        view.failed(steps[2], "the [bold]loss[/bold] is not finite")
    lines = text.getvalue().splitlines()
    assert lines[0].startswith("2/3 small: evaluate, 3.2 s (about ")
    assert lines[1] == "3/3 other: train failed: the [bold]loss[/bold] is not finite"
    assert len(lines) == 2


def test_a_terminal_shows_what_runs_and_what_is_next() -> None:
    steps = [step("train"), step("evaluate"), step("figures"), step("explorer"), step("train", "b")]
    text = io.StringIO()
    view = StudyView("quick", steps, Console(file=text, width=100, force_terminal=True))
    with view.showing():
        view.begin(steps[0])(0.5)
        view.live.refresh()
    shown = text.getvalue()
    for expected in ("Study", "quick", "0 of 5 steps", "small: train", "small: explorer"):
        assert expected in shown
    assert "b: train" not in shown
