"""A real site, opened by a real browser from disk and over http."""

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
from vaelab.locks import in_turn
from vaelab.serving import SiteServer
from vaelab.studies import Study, run_study
from vaelab.training import Hardware

# A plain, a 2-D and a conditional model, an autoencoder, and one that fails.
EXPLORED = ("mlp-vae", "mlp-vae-2d", "cvae-2d", "autoencoder")
FAILED = "diverging"
# Names that would be markup if they were not escaped; a run's name is that of a folder.
ODD_RUN = "<script>alert(1)<"
# Drawn by the CPU: tests need no graphics card.
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's browser, or what CHROMIUM names.

    Without one the tests are skipped, but fail where VAELAB_BROWSER=required, as in CI.
    """
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found:
        return found
    reason = "no chromium: install Debian's package chromium, or name a browser in CHROMIUM"
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
    with in_turn(out.with_suffix(".lock")):
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
        illustrated=("mlp-vae-2d", "cvae-2d"),
        comparisons={
            "autoencoder-beside-vae": ("autoencoder", "mlp-vae"),
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
    """The address at which `vaelab open` would serve the site."""
    server = SiteServer(site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.url
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Visit:
    """A page, with everything that must not happen on it.

    Attributes:
        page: the tab.
        home: the address of the site's root.
        faults: console errors, uncaught exceptions, failed requests and foreign addresses.
    """

    page: Page
    home: str
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        page, note = self.page, self.faults.append
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: note(f"uncaught: {error}"))
        page.on("requestfailed", lambda request: self._miss(request.url, request.failure))
        page.on("request", lambda request: self._check(request.url))
        page.on("dialog", lambda dialog: (note(f"dialog: {dialog.message}"), dialog.dismiss()))

    def _hear(self, kind: str, text: str) -> None:
        # Drawing without a graphics card is slow, and the browser says so.
        if kind in BAD_MESSAGES and "GL Driver Message" not in text:
            self.faults.append(f"{kind}: {text}")

    def _miss(self, url: str, reason: str | None) -> None:
        # A page that is left stops loading.
        if reason != "net::ERR_ABORTED":
            self.faults.append(f"failed: {url}, {reason}")

    def _check(self, url: str) -> None:
        if not url.startswith((self.home, "data:", "blob:")):
            self.faults.append(f"foreign: {url}")

    def go(self, path: str) -> Page:
        self.page.goto(f"{self.home}{path}")
        return self.page


BAD_MESSAGES = ("error", "warning", "assert")


@pytest.fixture(params=["disk", "http"])
def visit(
    request: pytest.FixtureRequest, browser: Browser, site: Path, served: str
) -> Iterator[Visit]:
    """A tab on the site, opened from disk by double click or served; it must stay without fault."""
    home = f"{site.as_uri()}/" if request.param == "disk" else f"{served.rstrip('/')}/"
    with visiting(browser, home) as visit:
        yield visit


@pytest.fixture
def served_visit(browser: Browser, served: str) -> Iterator[Visit]:
    """As `visit`, over http alone."""
    with visiting(browser, f"{served.rstrip('/')}/") as visit:
        yield visit


@contextmanager
def visiting(browser: Browser, home: str) -> Iterator[Visit]:
    """A new tab that must stay without fault."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    visit = Visit(context.new_page(), home)
    visit.watch()
    yield visit
    context.close()
    assert not visit.faults
