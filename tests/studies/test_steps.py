"""A step runs once, and again when its inputs change or its output is deleted."""

from pathlib import Path

import pytest

from vaelab.studies.step import Step


class CountedStep:
    """A step that writes a file and counts how often it runs."""

    def __init__(self, folder: Path) -> None:
        self.output = folder / "made.txt"
        self.inputs: object = {"beta": 1}
        self.count = 0
        self.step = Step(
            kind="write",
            run="small",
            record_file=folder / "steps.json",
            inputs=lambda: self.inputs,
            output_exists=self.output.exists,
            action=self.work,
        )

    def work(self, report_progress: object) -> None:
        self.count += 1
        self.output.write_text("made")

    def run(self) -> int:
        if not self.step.is_up_to_date():
            self.step.execute(lambda _: None)
        return self.count


def test_a_step_that_is_up_to_date_does_not_run_again(tmp_path: Path) -> None:
    counted = CountedStep(tmp_path)
    assert [counted.run(), counted.run(), CountedStep(tmp_path).run()] == [1, 1, 0]


def test_a_step_with_other_inputs_runs_again(tmp_path: Path) -> None:
    counted = CountedStep(tmp_path)
    counted.run()
    counted.inputs = {"beta": 2}
    assert [counted.run(), counted.run()] == [2, 2]


def test_a_deleted_output_is_made_again(tmp_path: Path) -> None:
    counted = CountedStep(tmp_path)
    counted.run()
    counted.output.unlink()
    assert counted.run() == 2


@pytest.mark.parametrize("content", ["{", "[]", '{"write": 3}', '{"write": {"inputs": 1}}'])
def test_a_damaged_record_file_only_makes_steps_run_again(tmp_path: Path, content: str) -> None:
    counted = CountedStep(tmp_path)
    counted.run()
    (tmp_path / "steps.json").write_text(content)
    assert [counted.run(), counted.run()] == [2, 2]


def test_a_failed_step_is_not_recorded(tmp_path: Path) -> None:
    counted = CountedStep(tmp_path)

    def fail(report_progress: object) -> None:
        counted.output.write_text("half")
        raise OSError("disk full")

    step = Step(
        kind="write",
        run="",
        record_file=tmp_path / "steps.json",
        inputs=dict,
        output_exists=counted.output.exists,
        action=fail,
    )
    with pytest.raises(OSError, match="disk full"):
        step.execute(lambda _: None)
    assert not step.is_up_to_date()
    assert step.name == "write"
    assert counted.step.name == "small: write"
