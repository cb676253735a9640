from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def built(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for the scripts that `make` builds."""
    folder = tmp_path_factory.mktemp("built")
    for name in ("site.js", "charts.js", "explorer.js", "explorer.css", "runtime.js"):
        (folder / name).write_text(f"/* {name} */")
    (folder / "site.licenses.md").write_text("# Licenses\n")
    monkeypatch.setattr("vaelab.site_assets.BUILT", folder)
    return folder
