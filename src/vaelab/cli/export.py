"""`vaelab export`: write ONNX files."""

from pathlib import Path
from typing import Annotated

from vaelab.cli.options import (
    Accelerator,
    Plugins,
    Run,
    load,
    load_plugins,
    option,
)
from vaelab.cli.output import print_paths


def export(
    run: Run,
    /,
    *,
    out: Annotated[
        Path | None,
        option(
            "name of the files: NAME.onnx gives NAME.encoder.onnx, NAME.decoder.onnx and so on",
            "NAME.onnx",
            "RUN/model.onnx",
        ),
    ] = None,
    accelerator: Accelerator = "auto",
    plugin: Plugins = (),
) -> None:
    """Export encoder, decoder and, if possible, the prior as ONNX files checked against PyTorch."""
    load_plugins(plugin)
    from vaelab.export import export_onnx

    loaded = load(run, accelerator)
    print_paths(export_onnx(loaded, out or loaded.run.path / "model.onnx"))
