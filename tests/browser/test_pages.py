"""Every page in a real browser: no errors, no foreign requests, accessible."""

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import EXPLORED, FAILED, ODD_RUN, Visit, visiting
from vaelab.report import build_site

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (360, 1280, 1800)
MEGABYTE = 1_000_000


def pages(site: Path) -> list[str]:
    found = sorted(str(path.relative_to(site)) for path in site.rglob("*.html"))
    assert len(found) > 12
    return found


def test_the_study_has_every_kind_of_page(site: Path) -> None:
    found = pages(site)
    for kind in ("index", "data", "autoencoder", "conditional", "explorer", "method"):
        assert f"{kind}.html" in found
    assert any("beta" in name for name in found)
    assert sum(name.startswith("runs/") for name in found) >= len(EXPLORED)


def test_every_page_loads_without_errors(visit: Visit, site: Path) -> None:
    for path in pages(site):
        page = visit.go(path)
        page.wait_for_load_state()
        assert page.locator("h1").count() == 1, path
        assert page.title(), path
        broken = page.evaluate(
            "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
        )
        assert broken == [], path
        assert visit.errors == [], path


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_are_accessible(served_visit: Visit, site: Path, theme: str) -> None:
    """axe-core on every page, except for further pages of runs."""
    served_visit.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    runs = [name for name in pages(site) if name.startswith("runs/")]
    for path in [name for name in pages(site) if name not in runs[2:]]:
        page = served_visit.go(path)
        if path == "explorer.html":
            page.evaluate("() => window.vaelabExplorer.ready")
            heading = page.get_by_role("heading", name="Interpolation between images")
            heading.scroll_into_view_if_needed()
        # Evaluated, because the content security policy blocks added scripts.
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("() => axe.run()")
        serious = [
            (each["id"], each["nodes"][0]["html"][:200], each["nodes"][0]["failureSummary"])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == [], path


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_screen(served_visit: Visit, site: Path, width: int) -> None:
    served_visit.page.set_viewport_size({"width": width, "height": 800})
    for path in pages(site):
        page = served_visit.go(path)
        if path == "explorer.html":
            page.evaluate("() => window.vaelabExplorer.ready")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_pages_do_not_shift_while_loading(served_visit: Visit, site: Path) -> None:
    for path in ("index.html", "beta.html", "conditional.html", "runs/mlp-vae-2d.html"):
        page = served_visit.go(path)
        page.wait_for_load_state("networkidle")
        shift = page.evaluate(
            """() => new Promise(resolve => new PerformanceObserver(list => resolve(
                list.getEntries().reduce((sum, entry) => sum + entry.value, 0)
            )).observe({type: "layout-shift", buffered: true}) || setTimeout(resolve, 300, 0))"""
        )
        assert shift < 0.02, path


def test_pages_are_light(served_visit: Visit, site: Path) -> None:
    """The bytes that the browser transfers for a page with all its images."""
    page = served_visit.page
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.__setitem__(answer.url, len(answer.body())))
    for path in pages(site):
        if path == "explorer.html":
            continue
        sizes.clear()
        served_visit.go(path)
        page.evaluate(
            "() => Promise.all([...document.images].map(i => {i.loading = 'eager'; "
            "return i.decode()}))"
        )
        assert 0 < sum(sizes.values()) < 2 * MEGABYTE, path


def test_a_failed_run_is_listed_with_its_reason(served_visit: Visit) -> None:
    page = served_visit.go("index.html")
    text = page.locator("main").inner_text()
    assert FAILED in text
    assert "is not finite" in text


def test_an_odd_name_is_escaped(served_visit: Visit) -> None:
    page = served_visit.go("index.html")
    page.get_by_role("link", name=ODD_RUN).first.click()
    assert ODD_RUN in page.get_by_role("heading", level=1).inner_text()
    assert "small & <odd>" in page.title()


def test_tables_can_be_sorted(served_visit: Visit) -> None:
    page = served_visit.go("index.html")
    table = page.locator("table").filter(has=page.locator("th button")).first
    button = table.get_by_role("button", name="Negative ELBO").first
    heading = table.locator("th", has=page.get_by_role("button", name="Negative ELBO")).first

    def column() -> list[float]:
        index = heading.evaluate("th => th.cellIndex")
        cells = table.locator(f"tbody tr > :nth-child({index + 1})").all_inner_texts()
        found = []
        for cell in cells:
            try:
                found.append(float(cell.split()[0].replace(",", "")))
            except (ValueError, IndexError):
                found.append(float("nan"))
        return [value for value in found if value == value]

    button.click()
    first = heading.get_attribute("aria-sort")
    up = column()
    button.click()
    assert heading.get_attribute("aria-sort") != first
    down = column()
    assert len(up) >= len(EXPLORED)
    assert up != down
    assert up == sorted(up) or up == sorted(up, reverse=True)
    assert sorted(up) == sorted(down)


def test_the_theme_is_chosen_and_remembered(served_visit: Visit) -> None:
    page = served_visit.page
    page.emulate_media(color_scheme="light")
    served_visit.go("index.html")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="theme").click()
    assert page.evaluate(ground) != light
    dark = page.evaluate(ground)
    served_visit.go("method.html")
    assert page.evaluate(ground) == dark


def test_a_value_that_is_not_a_number_is_named(
    browser: Browser, study_folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "study"
    shutil.copytree(study_folder, copy, ignore=shutil.ignore_patterns("site"))
    file = copy / "mlp-vae" / "evaluation.json"
    evaluation = json.loads(file.read_text())
    evaluation["metrics"]["negative_elbo"]["value"] = float("nan")
    del evaluation["metrics"]["kl"]
    file.write_text(json.dumps(evaluation))
    home = build_site(copy).parent
    with visiting(browser, f"{home.as_uri()}/") as visit:
        for path in ("index.html", "runs/mlp-vae.html"):
            page = visit.go(path)
            assert "not a number" in page.locator("main").inner_text().lower()


def test_every_chart_is_drawn_and_shows_values_at_the_pointer(visit: Visit) -> None:
    page = visit.go("beta.html")
    charts = page.locator("[data-chart]")
    assert charts.count() > 3
    assert charts.locator("> svg").count() == charts.count()
    chart = page.locator("figure.chart", has_text="Negative ELBO").first
    chart.locator("[data-chart]").hover()
    shown = chart.locator('[aria-label="tip"]').text_content() or ""
    assert "β\u00a0=\u00a0" in shown
    chart.locator("summary").click()
    value = chart.locator("tbody td").nth(1).inner_text()
    assert value in shown


def test_charts_follow_the_theme(served_visit: Visit) -> None:
    page = served_visit.page
    page.emulate_media(color_scheme="light")
    served_visit.go("beta.html")
    color = "getComputedStyle(document.querySelector('[data-chart] [aria-label=line] path')).stroke"
    light = page.evaluate(color)
    page.get_by_role("button", name="theme").click()
    assert page.evaluate(color) != light


def test_the_values_of_charts_are_there_without_scripts(browser: Browser, site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "beta.html").as_uri())
    page.locator("figure.chart summary").first.click()
    assert page.locator("figure.chart tbody td").first.is_visible()
    context.close()
