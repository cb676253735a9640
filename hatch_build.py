"""Hatchling's hook: the site's scripts are built before the package is collected."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# By its path, because a package of PyPI is called build as well.
_spec = spec_from_file_location("web_build", Path(__file__).parent / "web" / "build.py")
assert _spec is not None
assert _spec.loader is not None
web = module_from_spec(_spec)
_spec.loader.exec_module(web)


class WebBuildHook(BuildHookInterface):
    """For a wheel and an editable install alike."""

    def dependencies(self) -> list[str]:
        """What the build needs and this machine lacks."""
        return web.requirements()

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build; ends with the reason if that fails."""
        try:
            web.build()
        except web.BuildError as error:
            self.app.abort(f"vaelab's site cannot be built: {error}")
