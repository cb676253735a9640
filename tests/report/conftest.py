from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def built(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Scripts as `make` builds them: what is tested here is what the pages hold."""
    folder = tmp_path_factory.mktemp("built")
    for name in ("site.js", "explorer.js", "explorer.css", "runtime.js"):
        (folder / name).write_text(f"/* {name} */")
    (folder / "site.licenses.md").write_text("# Licences\n")
    monkeypatch.setattr("vaelab.report.site.BUILT", folder)
    return folder
