"""Users' names as text: nothing in them is markup, and nothing stops an output."""

import pytest

from vaelab.errors import note
from vaelab.names import displayed, shortened, text_width, wrapped

ORDINARY = ["mlp-vae", "裙子 und Schühe", "قميص", "$x_1$ <b>", "e\u0301", "👗"]


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_names_are_unchanged(name: str) -> None:
    assert displayed(name) == shortened(name, 24) == name
    assert wrapped(name, 40) == [name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a\nb", r"a\nb"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("caf\udce9", r"caf\xe9"),
        ("\ud800", r"\ud800"),
        ("a\u2028b", r"a\u2028b"),
        ("\u202eevil", r"\u202eevil"),
    ],
)
def test_what_no_output_shows_becomes_an_escape(name: str, expected: str) -> None:
    assert displayed(name) == expected
    expected.encode("utf-8")


@pytest.mark.parametrize("name", ["x" * 120, "裙" * 120, "e\u0301" * 120, "👗裙x" * 40])
@pytest.mark.parametrize("width", [8, 24, 61])
def test_long_names_lose_their_middle(name: str, width: int) -> None:
    short = shortened(f"a{name}b", width)
    assert width - 2 <= text_width(short) <= width
    assert short[0] == "a"
    assert short[-1] == "b"
    assert short.count("…") == 1


def test_names_that_differ_at_either_end_stay_different() -> None:
    names = ["1" + 118 * "x" + "1", "1" + 118 * "x" + "2", "2" + 118 * "x" + "1"]
    assert len({shortened(name, 24) for name in names}) == 3


def test_lines_fit_and_keep_every_letter() -> None:
    for text in ("裙子 " * 30, "one two three " * 9, "裙" * 90):
        lines = wrapped(text, 21)
        assert max(map(text_width, lines)) <= 21
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_note_is_one_line_whatever_the_name_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    note("run a\nb\x1b[2J")
    assert capsys.readouterr().err == "vaelab: run a\\nb\\x1b[2J\n"
