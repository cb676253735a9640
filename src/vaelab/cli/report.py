"""`vaelab report` and `vaelab open`: build the report and show it in a browser."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from vaelab.cli.options import (
    Plugins,
    load_plugins,
    option,
)
from vaelab.cli.output import print_text


def report(
    folder: Annotated[
        Positional[Path],
        arg(
            metavar="DIR",
            help="folder of a study, a folder of run folders, or pretrained:NAME for the folder "
            "of the pretrained runs used here",
        ),
    ],
    /,
    *,
    plugin: Plugins = (),
) -> None:
    """Rebuild the report from stored results, without training or evaluating anything."""
    load_plugins(plugin)
    from vaelab.report import build_site

    print_text(str(build_site(_folder_of_runs(folder))))


def _folder_of_runs(folder: Path) -> Path:
    """The folder itself; for a pretrained run that of its copy, which gets its explorer."""
    from vaelab.pretrained_runs import complete_explorers, find_pictures, is_pretrained, located

    if not is_pretrained(folder):
        return folder
    copy = located(folder)
    complete_explorers([copy], find_pictures())
    return copy.parent


def open_site(
    folder: Annotated[
        Positional[Path], arg(metavar="DIR", help="folder of a study, or of its report")
    ],
    /,
    *,
    port: Annotated[int, option("port on localhost, or 0 for any free port", "N")] = 0,
    no_browser: Annotated[bool, arg(help="don't open a browser")] = False,
) -> None:
    """Serve a report on localhost and open it in the browser."""
    from vaelab.serving import serve

    serve(folder, port=port, open_browser=not no_browser)
