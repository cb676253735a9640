"""The pictures of the page in the README, taken of a finished site by headless Chromium.

python docs/images/screenshots.py runs/quick
"""

import argparse
import shutil
import threading
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from vaelab.serving import SiteServer, site_in

FOLDER = Path(__file__).parent
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
WIDTH, HEIGHT = 1400, 1000

# Name of the picture, theme, and the address of the page.
PICTURES = (
    ("page-overview", "light", "index.html"),
    (
        "page-explorer",
        "light",
        "explorer.html#models=mlp-vae-2d,cvae-controlled,flagship-small&image=12",
    ),
    ("page-explorer-dark", "dark", "explorer.html#models=flagship-small&image=23"),
    ("page-beta", "light", "{beta}"),
)


def take(page: Page, home: str, address: str, path: Path) -> None:
    """Save what is seen without scrolling once the page has come to rest."""
    page.goto("about:blank")
    page.goto(f"{home}{address}", wait_until="networkidle")
    if address.startswith("explorer"):
        page.wait_for_function("() => window.vaelabExplorer?.pixels() != null")
        page.wait_for_timeout(2000)  # the map comes in by an animation
    page.screenshot(path=path)


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("study", type=Path, help="folder of a finished study")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    arguments = parser.parse_args()
    site = site_in(arguments.study)
    beta = next(path.name for path in sorted(site.glob("*beta*.html")))
    server = SiteServer(site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home = f"{server.url.rstrip('/')}/"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.chromium, args=ARGUMENTS)
        for name, theme, address in PICTURES:
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT},
                color_scheme=theme,  # type: ignore[arg-type]
            )
            take(page, home, address.format(beta=beta), FOLDER / f"{name}.png")
            page.close()
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
