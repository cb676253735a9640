"""`import vaelab` and what it offers."""

import subprocess
import sys
from pathlib import Path

import pytest

import vaelab
from tests.conftest import tiny
from vaelab.data import Dataset


def test_everything_named_is_there() -> None:
    for name in vaelab.__all__:
        assert getattr(vaelab, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        vaelab.fitt  # type: ignore[attr-defined]  # noqa: B018


def test_importing_it_imports_no_torch() -> None:
    program = "import sys, vaelab; vaelab.preset('mlp-vae'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_from_preset_to_numbers(tmp_path: Path, wardrobe: Dataset) -> None:
    run = vaelab.fit(tiny("cvae-2d"), tmp_path / "run", dataset=wardrobe, show_progress=False)
    loaded = vaelab.load_run(run.path)
    assert vaelab.evaluate(loaded, metrics=("losses",))["negative_elbo"].value > 0
    assert loaded.codes(loaded.data.test).shape == (120, 2)
