"""Users' names of runs, data sets and classes as text that any output can show.

A name is data: it may hold any character, of any script, and bytes that are no text.
"""

import textwrap
import unicodedata

from rich.cells import cell_len

# Characters that no output shows as they are: controls, line breaks, and halves of pairs of UTF-16,
# by which Python stands for bytes of a file name that are not UTF-8.
HIDDEN_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
# Characters that change the direction of the text around them.
DIRECTION_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
UNDECODED = range(0xDC80, 0xDD00)


def displayed(name: str) -> str:
    r"""A user's name as any output can show it, in one line.

    Control characters, line breaks, changes of direction and bytes that are not UTF-8 become
    escapes, such as `\n` and `\xe9`.
    """
    return "".join(_escaped(letter) if _is_hidden(letter) else letter for letter in name)


def _is_hidden(letter: str) -> bool:
    return (
        unicodedata.category(letter) in HIDDEN_CATEGORIES
        or unicodedata.bidirectional(letter) in DIRECTION_CONTROLS
    )


def _escaped(letter: str) -> str:
    code = ord(letter)
    if code in UNDECODED:
        return f"\\x{code - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode("ascii")


def text_width(text: str) -> int:
    """Columns of a text in a terminal: Chinese, Japanese and Korean letters take two."""
    return cell_len(text)


def shortened(name: str, width: int) -> str:
    """`displayed` in at most so many columns: an ellipsis stands for the middle of a long name."""
    text = displayed(name)
    if text_width(text) <= width:
        return text
    end = _start(text[::-1], (width - 1) // 2)[::-1]
    return f"{_start(text, width - 1 - text_width(end))}…{end}"


def _start(text: str, width: int) -> str:
    """The first letters that fit in so many columns."""
    count = len(text)
    while text_width(text[:count]) > width:
        count -= 1
    return text[:count]


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most so many columns."""
    # A filler after each wide letter makes its length its width. A line may end between them.
    filled = "".join(letter + "\0" * (text_width(letter) - 1) for letter in text)
    lines = textwrap.wrap(filled, width if filled == text else width - 1)
    return [line.replace("\0", "") for line in lines]
