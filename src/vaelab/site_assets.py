"""What all pages are made with: templates, and the scripts, styles and icon next to them.

Nothing here imports torch, so that `vaelab demo` starts at once.
"""

import shutil
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import vaelab
from vaelab.errors import InputError
from vaelab.files import write_text
from vaelab.formatting import counted, listed

PACKAGE = Path(__file__).parent / "report"
ASSETS, TEMPLATES = PACKAGE / "assets", PACKAGE / "templates"

# Built from web/ by `make`; not under version control.
BUILT = PACKAGE / "built"
SITE_SCRIPTS: tuple[str, ...] = ("site.js", "charts.js")
EXPLORER_SCRIPTS = ("explorer.js", "explorer.css", "runtime.js")


def rendered(template: str, variables: Mapping[str, Any]) -> str:
    """A template with its variables."""
    return _templates().get_template(template).render(variables)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(listed=listed, counted=counted, vaelab_version=vaelab.__version__)
    return environment


def write_assets(site: Path, *, has_explorer: bool) -> None:
    """Write the folder assets/ of a site.

    Raises:
        InputError: if the scripts are not built.
    """
    scripts = SITE_SCRIPTS
    if has_explorer:
        require_built(EXPLORER_SCRIPTS)
        scripts += EXPLORER_SCRIPTS
    target = site / "assets"
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(ASSETS.iterdir()):
        shutil.copyfile(path, target / path.name)
    for name in scripts:
        shutil.copyfile(BUILT / name, target / name)
    licenses = [
        path.read_text(encoding="utf-8")
        for name in scripts
        for path in [BUILT / f"{Path(name).stem}.licenses.md"]
        if name.endswith(".js") and path.exists()
    ]
    write_text(target / "licenses.txt", "\n\n".join(licenses) or "No third-party code.\n")


def require_built(names: Sequence[str]) -> None:
    """Refuse to build a site without its scripts.

    Raises:
        InputError: naming the first one that is missing.
    """
    for name in names:
        if not (BUILT / name).exists():
            raise InputError(
                f"the scripts of the site are not built: {BUILT / name} is missing; run `make` in "
                "the source folder, or install a released vaelab"
            )
