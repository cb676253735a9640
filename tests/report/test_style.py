import re

import pytest

from vaelab.figures.style import CLASS_COLORS
from vaelab.site_assets import ASSETS, PACKAGE

CSS = (ASSETS / "site.css").read_text(encoding="utf-8")
TOKENS = {
    *("background", "surface", "raised", "text", "muted", "line", "accent", "on-accent", "focus"),
    *("good", "bad", "shadow", "radius", "gap", "font", "mono"),
    *(f"class-{label}" for label in range(10)),
}

# WCAG AA: letters, and what is not text.
TEXT, SHAPES = 4.5, 3.0


def block(start: str) -> dict[str, str]:
    inside = CSS[CSS.index(start) :].partition("{")[2]
    if start.startswith("@media"):
        inside = inside.partition("{")[2]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", inside.partition("}")[0]))


LIGHT = block(":root {")
SYSTEM_DARK = block("@media (prefers-color-scheme: dark)")
CHOSEN_DARK = block(':root[data-theme="dark"]')
THEMES = {"light": LIGHT, "dark": LIGHT | CHOSEN_DARK}


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_token_of_the_contract_is_there() -> None:
    assert LIGHT.keys() >= TOKENS
    assert {name for name in TOKENS if LIGHT[name].startswith("#")} - CHOSEN_DARK.keys() == set()


def test_dark_is_the_same_chosen_or_by_the_system() -> None:
    assert SYSTEM_DARK == CHOSEN_DARK


def test_classes_have_the_colors_of_the_figures() -> None:
    assert [LIGHT[f"class-{i}"] for i in range(10)] == list(CLASS_COLORS)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["background", "surface", "raised"])
@pytest.mark.parametrize("ink", ["text", "muted", "accent", "good", "bad"])
def test_text_is_readable(theme: str, ground: str, ink: str) -> None:
    assert contrast(THEMES[theme][ink], THEMES[theme][ground]) >= TEXT


@pytest.mark.parametrize("theme", THEMES)
def test_buttons_and_focus_can_be_seen(theme: str) -> None:
    tokens = THEMES[theme]
    assert contrast(tokens["on-accent"], tokens["accent"]) >= TEXT
    for ground in ("background", "surface", "raised"):
        assert contrast(tokens["focus"], tokens[ground]) >= SHAPES


def mixed(first: str, second: str, share: float) -> str:
    def part(i: int) -> int:
        ends = (int(first[i : i + 2], 16), int(second[i : i + 2], 16))
        return round(share * ends[0] + (1 - share) * ends[1])

    return "#" + "".join(f"{part(i):02x}" for i in (1, 3, 5))


@pytest.mark.parametrize("theme", THEMES)
def test_numbers_in_a_heat_table_are_readable(theme: str) -> None:
    tokens = THEMES[theme]
    (most,) = re.findall(r"var\(--accent\) calc\(var\(--share\) \* ([\d.]+)\)", CSS)
    for percent in range(101):
        ground = mixed(tokens["accent"], tokens["surface"], float(most) * percent / 100)
        assert contrast(tokens["text"], ground) >= TEXT


def test_no_color_but_a_token() -> None:
    rules = CSS[CSS.index("/* Foundations */") :]
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", rules) == []
    used = set(re.findall(r"var\(--([\w-]+)", rules))
    assert used <= LIGHT.keys() | {"tone", "mix", "share"}


def test_motion_and_print_are_thought_of() -> None:
    assert "prefers-reduced-motion" in CSS
    assert "@media print" in CSS


def test_the_explorer_uses_the_same_tokens() -> None:
    folder = PACKAGE.parents[2] / "web" / "explorer"
    styles = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.css"))
    scripts = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.ts"))
    used = set(re.findall(r"var\(--([\w-]+)", styles))
    own = set(re.findall(r"--([\w-]+)\s*:", styles) + re.findall(r"\"--([\w-]+)\"", scripts))
    assert "accent" in used
    assert used <= LIGHT.keys() | own
