"""Images per second in the explorer while a slider moves, on one core.

    python benchmarks/explorer_frame_rate.py runs/quick

Headless Chromium, with all its processes on one core, moves each model of the site along its
strongest dimension. A frame counts when its image was decoded and drawn. The screen shows at most
60 per second, so that is the maximum.
"""

# ruff: noqa: T201

import argparse
import os
import shutil
import threading
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

from vaelab.serving import SiteServer, site_in

ROUNDS, SECONDS = 3, 3.0
# Without a GPU: emulating one would use most of the core.
ARGUMENTS = ["--no-sandbox", "--disable-gpu"]
MOVE = """async seconds => {
    const explorer = window.vaelabExplorer;
    const slider = document.querySelector(".ex-slider input");
    const [low, high] = [Number(slider.min), Number(slider.max)];
    const [start, frames] = [performance.now(), explorer.frames()];
    let gone = 0;
    while (gone < seconds) {
        slider.value = String(low + (high - low) * (0.5 + 0.5 * Math.sin(3 * gone)));
        slider.dispatchEvent(new Event("input", {bubbles: true}));
        await new Promise(requestAnimationFrame);
        gone = (performance.now() - start) / 1000;
    }
    return (explorer.frames() - frames) / gone;
}"""


def frame_rates(page: Page, address: str) -> list[float]:
    """Frames per second in several rounds, after the model is loaded."""
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_function("() => window.vaelabExplorer?.frames() > 0")
    page.evaluate(MOVE, 0.5)
    return [page.evaluate(MOVE, SECONDS) for _ in range(ROUNDS)]


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of a study, or of its site")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    server = SiteServer(site_in(arguments.folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        home = f"{server.url.rstrip('/')}/explorer.html"
        page.goto(home)
        slugs = page.evaluate(
            "() => window.vaelabExplorer.ready.then(() => [...document.querySelectorAll("
            "'#ex-model option')].map(option => option.value))"
        )
        for slug in slugs:
            rates = frame_rates(page, f"{home}#models={slug}")
            print(
                f"{slug:<20} {median(rates):5.1f} images/s ({min(rates):.1f} to {max(rates):.1f})"
            )
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
