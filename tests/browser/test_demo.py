"""`vaelab demo` as a user starts it, in a real browser."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import visiting

# A second on a laptop; machines that run many tests are slower.
MOST_SECONDS = 30.0


@dataclass
class Demo:
    """A running demo.

    Attributes:
        url: its address.
        seconds: from the start of the process to the address.
    """

    url: str
    seconds: float


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    inherited = {name: value for name, value in os.environ.items() if name != "VAELAB_DATA"}
    started = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "vaelab", "demo", "--no-browser"],
        cwd=tmp_path,
        env={**inherited, "XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield Demo(line.split(" at ")[1].split()[0], time.monotonic() - started)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert not list(tmp_path.glob("vaelab-demo-*"))


@pytest.mark.posix
def test_the_demo_shows_a_decoded_image_without_data(demo: Demo, browser: Browser) -> None:
    assert demo.seconds < MOST_SECONDS
    with visiting(browser, demo.url) as visit:
        page = visit.go("")
        page.evaluate("vaelabExplorer.ready")
        page.wait_for_function("vaelabExplorer.pixels() !== null")
        assert page.evaluate("Math.max(...vaelabExplorer.pixels())") > 0.5
        assert "stand in for them" in page.locator("main").inner_text()
        page.get_by_role("button", name="Random code").click()
        page.locator("a", has_text="mlp-vae").first.click()
        assert page.locator("h1").inner_text() == "Pretrained models"
        assert "244." in page.locator("table").inner_text()
