"""The laboratory for variational autoencoders on Fashion-MNIST.

    import vaelab

    config = vaelab.with_settings(vaelab.preset("mlp-vae"), {"training.epochs": "3"})
    run = vaelab.fit(config, Path("runs/mine"))
    loaded = vaelab.load_run("runs/mine")
    vaelab.evaluate(loaded)["negative_elbo"].value
    vaelab.sample(loaded, 20)
    vaelab.figure(loaded, "traversals")
    vaelab.compare([loaded, vaelab.load_run("runs/another")])

In a notebook, runs, numbers, samples, figures and comparisons show themselves.

What is named here is loaded when it is first used: importing vaelab does not import torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vaelab.comparison import compare
    from vaelab.config import Config, DataConfig
    from vaelab.data import load_data
    from vaelab.errors import InputError
    from vaelab.evaluation import evaluate, evaluate_samples
    from vaelab.figures import compare_figure, figure
    from vaelab.loaded_run import load_run
    from vaelab.presets import preset
    from vaelab.sampling import sample
    from vaelab.settings import with_settings
    from vaelab.training import Hardware, fit

__version__ = "0.1.0"

__all__ = [
    "Config",
    "DataConfig",
    "Hardware",
    "InputError",
    "compare",
    "compare_figure",
    "evaluate",
    "evaluate_samples",
    "figure",
    "fit",
    "load_data",
    "load_run",
    "preset",
    "sample",
    "with_settings",
]

_HOMES = {
    "Config": "config",
    "DataConfig": "config",
    "Hardware": "training",
    "InputError": "errors",
    "compare": "comparison",
    "compare_figure": "figures",
    "evaluate": "evaluation",
    "evaluate_samples": "evaluation",
    "figure": "figures",
    "fit": "training",
    "load_data": "data",
    "load_run": "loaded_run",
    "preset": "presets",
    "sample": "sampling",
    "with_settings": "settings",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'vaelab' has no attribute {name!r}")
    return getattr(importlib.import_module(f"vaelab.{_HOMES[name]}"), name)
