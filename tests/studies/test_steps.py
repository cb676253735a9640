"""A step is done once, again when its inputs change or what it made is gone, and not otherwise."""

from pathlib import Path

import pytest

from vaelab.studies.step import Step


class Counter:
    """A step that writes a file, and counts how often."""

    def __init__(self, folder: Path) -> None:
        self.made = folder / "made.txt"
        self.inputs: object = {"beta": 1}
        self.count = 0
        self.step = Step(
            kind="write",
            run="small",
            ledger=folder / "steps.json",
            inputs=lambda: self.inputs,
            is_there=self.made.exists,
            work=self.work,
        )

    def work(self, advance: object) -> None:
        self.count += 1
        self.made.write_text("made")

    def ask(self) -> int:
        if not self.step.is_done():
            self.step.do(lambda _: None)
        return self.count


def test_nothing_is_done_twice(tmp_path: Path) -> None:
    counter = Counter(tmp_path)
    assert [counter.ask(), counter.ask(), Counter(tmp_path).ask()] == [1, 1, 0]


def test_other_inputs_do_it_again(tmp_path: Path) -> None:
    counter = Counter(tmp_path)
    counter.ask()
    counter.inputs = {"beta": 2}
    assert [counter.ask(), counter.ask()] == [2, 2]


def test_what_is_gone_is_made_again(tmp_path: Path) -> None:
    counter = Counter(tmp_path)
    counter.ask()
    counter.made.unlink()
    assert counter.ask() == 2


@pytest.mark.parametrize("content", ["{", "[]", '{"write": 3}', '{"write": {"inputs": 1}}'])
def test_a_damaged_ledger_only_costs_time(tmp_path: Path, content: str) -> None:
    counter = Counter(tmp_path)
    counter.ask()
    (tmp_path / "steps.json").write_text(content)
    assert [counter.ask(), counter.ask()] == [2, 2]


def test_what_failed_is_not_noted(tmp_path: Path) -> None:
    counter = Counter(tmp_path)

    def fail(advance: object) -> None:
        counter.made.write_text("half")
        raise OSError("disk full")

    step = Step(
        kind="write",
        run="",
        ledger=tmp_path / "steps.json",
        inputs=dict,
        is_there=counter.made.exists,
        work=fail,
    )
    with pytest.raises(OSError, match="disk full"):
        step.do(lambda _: None)
    assert not step.is_done()
    assert step.name == "write"
    assert counter.step.name == "small: write"
