"""Hatchling's hooks: the scripts of the site, and the description on PyPI."""

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).parent

# By its path, because a package of PyPI is called build as well.
_spec = spec_from_file_location("web_build", ROOT / "web" / "build.py")
assert _spec is not None
assert _spec.loader is not None
web = module_from_spec(_spec)
_spec.loader.exec_module(web)

# Images and links of the README that lead to files of the repository; an image has a caption.
_TARGET = r"\[([^\]]*)\]\((?!\w+:|#)([^)]*)\)"
_LINK = re.compile("(?<!!)" + _TARGET)
_IMAGE = re.compile("!" + _TARGET)
_FIGURE = re.compile("!" + _TARGET + r"\n+(\*[^*\n]+\*\n+)?")


class WebBuildHook(BuildHookInterface):
    """Builds the scripts before a wheel, a source archive or an editable install is collected."""

    def dependencies(self) -> list[str]:
        """What the build needs and this machine lacks."""
        return web.requirements()

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build; ends with the reason if that fails."""
        try:
            web.build()
        except web.BuildError as error:
            self.app.abort(f"vaelab's site cannot be built: {error}")


class DescriptionHook(MetadataHookInterface):
    """Makes the description on PyPI of the README."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the field `readme`."""
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        source = metadata.get("urls", {}).get("Source")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": description(text, source),
        }


def description(text: str, source: str | None) -> str:
    """The README with absolute addresses of its images and links.

    Without an address of the repository, figures are left out and links are plain text.
    """
    if source is None:
        return _LINK.sub(r"\1", _FIGURE.sub("", text))
    text = _LINK.sub(rf"[\1]({source}/blob/HEAD/\2)", text)
    return _IMAGE.sub(rf"![\1]({source}/raw/HEAD/\2)", text)
