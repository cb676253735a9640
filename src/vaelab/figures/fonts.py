"""Fonts for names in any script: those of the system that have the characters of a text."""

from collections.abc import Iterator
from functools import cache

from matplotlib.font_manager import fontManager, get_font

from vaelab.errors import note

DEFAULT = "DejaVu Sans"
# A font of matplotlib that has a box for every character.
PLACEHOLDERS = "Last Resort"


@cache
def font_families(characters: frozenset[str]) -> tuple[str, ...]:
    """The default font and, for characters that it lacks, the installed fonts that have them.

    Characters that no font has are noted once on standard error; figures show boxes for them.
    """
    families = [DEFAULT]
    missing = characters - _covered(characters, fontManager.findfont(DEFAULT))
    while missing:
        found = max(_candidates(missing), key=lambda each: len(each[1]), default=None)
        if found is None:
            _note_missing(missing)
            break
        families.append(found[0])
        missing -= found[1]
    return tuple(families)


def _candidates(characters: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Each installed font that has some of the characters, with those that it has."""
    for font in fontManager.ttflist:
        if font.name.startswith(PLACEHOLDERS):
            continue
        covered = _covered(characters, font.fname)
        if covered:
            yield font.name, covered


def _covered(characters: frozenset[str], file: str) -> frozenset[str]:
    try:
        glyphs = get_font(file).get_charmap()
    # The list of fonts may be old, and a font may be damaged.
    except (OSError, RuntimeError):
        return frozenset()
    return frozenset(each for each in characters if ord(each) in glyphs)


def _note_missing(characters: frozenset[str]) -> None:
    shown = "".join(sorted(characters)[:20])
    note(
        f"no installed font has these characters, so figures show boxes for them: {shown}; "
        "install a font that has them, such as one of the Noto fonts"
    )
