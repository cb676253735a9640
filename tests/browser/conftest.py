"""A site of a small study, opened by a browser from disk and over HTTP."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import tiny
from vaelab.config import DataConfig
from vaelab.locks import wait_for_lock
from vaelab.serving import SiteServer
from vaelab.studies import Study, run_study
from vaelab.training import Hardware

# An unconditional, a 2-D and a conditional VAE, an autoencoder, and a run that fails.
EXPLORED = ("mlp-vae", "mlp-vae-2d", "cvae-2d", "autoencoder")
FAILED = "diverging"
# Names that would be markup if they were not escaped; a run's name is that of a folder.
ODD_RUN = "<script>alert(1)<"
# Software rendering: tests need no graphics card.
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser: that in CHROMIUM, or chromium, or google-chrome.

    Without a browser the tests are skipped; with VAELAB_BROWSER=required, as in CI, they fail.
    """
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found:
        return found
    reason = "no browser: install chromium, or set CHROMIUM to the path of a browser"
    if os.environ.get("VAELAB_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def study_folder(common_folder: Path) -> Path:
    """A study whose site has every kind of page, a failed run and an odd name."""
    out = common_folder / "browser" / "study"
    with wait_for_lock(out.with_suffix(".lock")):
        if not (out / "site").exists():
            _run(out)
    return out


def _run(out: Path) -> None:
    configs = {name: tiny(name) for name in EXPLORED}
    configs |= {
        f"beta-{beta:g}": tiny("beta-vae", objective__beta=str(beta)) for beta in (0.5, 1.0, 4.0)
    }
    configs[ODD_RUN] = tiny("mlp-vae", seed="3")
    configs[FAILED] = tiny("mlp-vae", training__learning_rate="1e30")
    betas = tuple(name for name in configs if name.startswith("beta-"))
    study = Study(
        name="small & <odd>",
        configs=configs,
        runs_with_figures=("mlp-vae-2d", "cvae-2d"),
        comparisons={
            "autoencoder-vs-vae": ("autoencoder", "mlp-vae"),
            "rate-distortion": betas,
        },
        metrics=("losses", "importance"),
        data=DataConfig(name="wardrobe", train_count=300, test_count=120),
    )
    run_study(
        study, out, data_dir=None, hardware=Hardware(accelerator="cpu"), command="vaelab study x"
    )


@pytest.fixture(scope="session")
def site(study_folder: Path) -> Path:
    return study_folder / "site"


@pytest.fixture(scope="session")
def served(site: Path) -> Iterator[str]:
    """The address of the site on the server of `vaelab open`."""
    server = SiteServer(site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.url
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Visit:
    """A tab that records every error.

    Attributes:
        page: the tab.
        home: the address of the site's root.
        errors: console errors, uncaught exceptions, failed requests and foreign addresses.
    """

    page: Page
    home: str
    errors: list[str] = field(default_factory=list)

    def watch(self) -> None:
        page, note = self.page, self.errors.append
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: note(f"uncaught: {error}"))
        page.on("requestfailed", lambda request: self._miss(request.url, request.failure))
        page.on("request", lambda request: self._check(request.url))
        page.on("dialog", lambda dialog: (note(f"dialog: {dialog.message}"), dialog.dismiss()))

    def _hear(self, kind: str, text: str) -> None:
        # Software rendering is slow, and the browser warns about it.
        if kind in BAD_MESSAGES and "GL Driver Message" not in text:
            self.errors.append(f"{kind}: {text}")

    def _miss(self, url: str, reason: str | None) -> None:
        # Leaving a page aborts its requests.
        if reason != "net::ERR_ABORTED":
            self.errors.append(f"failed: {url}, {reason}")

    def _check(self, url: str) -> None:
        if not url.startswith((self.home, "data:", "blob:")):
            self.errors.append(f"foreign: {url}")

    def go(self, path: str) -> Page:
        self.page.goto(f"{self.home}{path}")
        return self.page


BAD_MESSAGES = ("error", "warning", "assert")


@pytest.fixture(params=["disk", "http"])
def visit(
    request: pytest.FixtureRequest, browser: Browser, site: Path, served: str
) -> Iterator[Visit]:
    """A tab on the site, from disk or over HTTP; fails on any error."""
    home = f"{site.as_uri()}/" if request.param == "disk" else f"{served.rstrip('/')}/"
    with visiting(browser, home) as visit:
        yield visit


@pytest.fixture
def served_visit(browser: Browser, served: str) -> Iterator[Visit]:
    """As `visit`, over HTTP only."""
    with visiting(browser, f"{served.rstrip('/')}/") as visit:
        yield visit


@contextmanager
def visiting(browser: Browser, home: str) -> Iterator[Visit]:
    """A new tab; fails on any error."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    visit = Visit(context.new_page(), home)
    visit.watch()
    yield visit
    context.close()
    assert not visit.errors
