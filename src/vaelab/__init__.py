"""The laboratory for variational autoencoders on Fashion-MNIST.

    import vaelab

    config = vaelab.with_settings(vaelab.preset("mlp-vae"), {"training.epochs": "3"})
    run = vaelab.fit(config, "runs/mine")
    loaded = vaelab.load_run("runs/mine")
    vaelab.evaluate(loaded)["negative_elbo"].value
    vaelab.sample(loaded, 20)
    vaelab.figure(loaded, "traversals")
    vaelab.compare([loaded, vaelab.load_run("runs/another")])

Runs, results, samples, figures and comparisons display themselves in notebooks. `vaelab.register`
adds models, priors, objectives and other parts of your own.

The names below are imported at their first use: importing vaelab does not import torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vaelab import register
    from vaelab.comparison import compare
    from vaelab.compression import compress, decompress
    from vaelab.config import Config, DataConfig
    from vaelab.data import Dataset, dataset, load_data
    from vaelab.errors import InputError
    from vaelab.evaluation import evaluate, evaluate_samples
    from vaelab.evaluation.metric import MetricValue
    from vaelab.figures import compare_figure, figure
    from vaelab.loaded_run import load_run
    from vaelab.models.capabilities import Capabilities, Level
    from vaelab.models.contract import LatentVariableModel, Terms, TermsRequest
    from vaelab.models.image_shape import ImageShape
    from vaelab.models.latents import Latents, LatentSpace
    from vaelab.models.likelihoods.likelihood import Likelihood, build_likelihood
    from vaelab.models.posteriors import DiagonalGaussian
    from vaelab.models.priors.prior import Prior
    from vaelab.models.sampling_options import SamplingOptions
    from vaelab.objectives.objective import Objective
    from vaelab.presets import preset
    from vaelab.report import build_site
    from vaelab.sampling import sample
    from vaelab.settings import with_settings
    from vaelab.training import Hardware, continue_training, fit
    from vaelab.training.derived import fit_prior

__version__ = "0.1.0"

__all__ = [
    "Capabilities",
    "Config",
    "DataConfig",
    "Dataset",
    "DiagonalGaussian",
    "Hardware",
    "ImageShape",
    "InputError",
    "LatentSpace",
    "LatentVariableModel",
    "Latents",
    "Level",
    "Likelihood",
    "MetricValue",
    "Objective",
    "Prior",
    "SamplingOptions",
    "Terms",
    "TermsRequest",
    "build_likelihood",
    "build_site",
    "compare",
    "compare_figure",
    "compress",
    "continue_training",
    "dataset",
    "decompress",
    "evaluate",
    "evaluate_samples",
    "figure",
    "fit",
    "fit_prior",
    "load_data",
    "load_run",
    "preset",
    "register",
    "sample",
    "with_settings",
]

_HOMES = {
    "Capabilities": "models.capabilities",
    "Config": "config",
    "DataConfig": "config",
    "Dataset": "data",
    "DiagonalGaussian": "models.posteriors",
    "Hardware": "training",
    "ImageShape": "models.image_shape",
    "InputError": "errors",
    "LatentSpace": "models.latents",
    "LatentVariableModel": "models.contract",
    "Latents": "models.latents",
    "Level": "models.capabilities",
    "Likelihood": "models.likelihoods.likelihood",
    "MetricValue": "evaluation.metric",
    "Objective": "objectives.objective",
    "Prior": "models.priors.prior",
    "SamplingOptions": "models.sampling_options",
    "Terms": "models.contract",
    "TermsRequest": "models.contract",
    "build_likelihood": "models.likelihoods.likelihood",
    "build_site": "report",
    "compare": "comparison",
    "compare_figure": "figures",
    "compress": "compression",
    "continue_training": "training",
    "dataset": "data",
    "decompress": "compression",
    "evaluate": "evaluation",
    "evaluate_samples": "evaluation",
    "figure": "figures",
    "fit": "training",
    "fit_prior": "training.derived",
    "load_data": "data",
    "load_run": "loaded_run",
    "preset": "presets",
    "sample": "sampling",
    "with_settings": "settings",
}


def __getattr__(name: str) -> Any:
    if name == "register":
        return importlib.import_module("vaelab.register")
    if name not in _HOMES:
        raise AttributeError(f"module 'vaelab' has no attribute {name!r}")
    return getattr(importlib.import_module(f"vaelab.{_HOMES[name]}"), name)
