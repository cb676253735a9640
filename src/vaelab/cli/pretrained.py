"""`vaelab pretrained` and `vaelab demo`: the trained runs that ship with vaelab."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from vaelab.cli.options import AsJson, option
from vaelab.cli.output import print_json, print_text
from vaelab.formatting import text_table


def pretrained(*, json: AsJson = False) -> None:
    """List the trained runs that ship with vaelab; their names stand for run folders."""
    from vaelab.pretrained_runs import describe, pretrained_names, table_of

    runs = [describe(name) for name in pretrained_names()]
    if json:
        print_json([asdict(run) for run in runs])
        return
    columns, rows = table_of(runs)
    print_text(text_table([columns, *rows], "ll" + "r" * (len(columns) - 2)))


def demo(
    *,
    port: Annotated[int, option("port on localhost, or 0 for any free port", "N")] = 0,
    no_browser: Annotated[bool, arg(help="don't open a browser")] = False,
) -> None:
    """Open the explorer on the pretrained runs: no training and no download."""
    from vaelab.demo import write_demo
    from vaelab.serving import serve

    with tempfile.TemporaryDirectory(prefix="vaelab-demo-") as folder:
        write_demo(Path(folder))
        serve(Path(folder), port=port, open_browser=not no_browser)
