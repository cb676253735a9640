"""The built-in studies; `STUDIES` is the table of them."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from vaelab.config import Config
from vaelab.errors import entry
from vaelab.presets import BETA_SWEEP, PRESETS, mlp_vae
from vaelab.settings import with_settings
from vaelab.studies.study import PAIR_FIGURE, SWEEP_FIGURES, DerivedRun, Study

QUICK_EPOCHS = 6
QUICK_SAMPLE_COUNT = 2000
QUICK_TRAINING_SECONDS = 200.0

# Draws k of the published bounds.
PUBLISHED_DRAWS = 5000


def quick() -> Study:
    """Six presets and a beta sweep, each trained for 6 epochs, at most 6 minutes on 2 cores."""
    names = (
        "autoencoder",
        "mlp-vae",
        "mlp-vae-2d",
        "conv-vae",
        "cvae-controlled",
        "flagship-small",
    )
    runs = {
        name: with_settings(PRESETS[name](), {"training.epochs": str(QUICK_EPOCHS)})
        for name in names
    }
    sweep = _beta_runs(runs["mlp-vae"])
    return Study(
        name="quick",
        configs=runs | sweep,
        runs_with_figures=names,
        excluded_figures=("tsne",),
        comparisons={
            PAIR_FIGURE: ("autoencoder", "mlp-vae"),
            **_sweep_comparisons(("mlp-vae", *sweep)),
        },
        metrics=("losses", "frechet", "conditional-accuracy"),
        sample_count=QUICK_SAMPLE_COUNT,
        training_seconds=QUICK_TRAINING_SECONDS,
    )


def beta_sweep() -> Study:
    """mlp-vae with six values of beta from 0.25 to 8."""
    runs = {"mlp-vae": mlp_vae(), **_beta_runs(mlp_vae())}
    return Study(
        name="beta-sweep", configs=runs, runs_with_figures=(), comparisons=_sweep_comparisons(runs)
    )


def full() -> Study:
    """All presets, priors fitted after training, and sweeps of mlp-vae over three settings."""
    presets = {name: preset() for name, preset in PRESETS.items() if name != "beta-vae"}
    sweep = beta_sweep()
    return Study(
        name="full",
        configs=presets | sweep.configs | _latent_sizes() | _learning_rates(),
        derived={
            "autoencoder-gmm": DerivedRun(parent="autoencoder", prior="gmm"),
            "mlp-vae-gmm": DerivedRun(parent="mlp-vae", prior="gmm"),
            "vq-vae-autoregressive": DerivedRun(parent="vq-vae", prior="autoregressive"),
        },
        runs_with_figures=tuple(presets),
        comparisons={PAIR_FIGURE: ("autoencoder", "mlp-vae"), **sweep.comparisons},
    )


def likelihood() -> Study:
    """The published likelihoods on binarized images, by their protocol; hours on 2 cores."""
    names = (
        "binary-vae",
        "binary-vamp-vae",
        "binary-two-level-vae",
        "binary-two-level-conv-vae",
        "binary-autoregressive-vae",
    )
    # Of decoders with convolutions over the image, 5,000 draws take hours.
    fewer = {"binary-two-level-conv-vae": 500, "binary-autoregressive-vae": 100}
    return Study(
        name="likelihood",
        configs={name: PRESETS[name]() for name in names},
        runs_with_figures=(),
        comparisons={},
        metrics=("losses", "exemplar"),
        importance_samples=dict.fromkeys(names, PUBLISHED_DRAWS) | fewer,
    )


def priors() -> Study:
    """Presets of gray images, each with priors fitted to its codes; a night on 2 cores."""
    names = [name for name, preset in PRESETS.items() if not preset().data.binarize]
    usual = ("gmm", "flow-matching")
    others = {
        "mlp-vae": (*usual, "flow", "autoregressive"),
        "conv-vae": (*usual, "flow", "autoregressive"),
        "vq-vae": ("autoregressive",),
    }
    return Study(
        name="priors",
        configs={name: PRESETS[name]() for name in names},
        derived={
            f"{name}-{prior}": DerivedRun(parent=name, prior=prior)
            for name in names
            for prior in others.get(name, usual)
        },
        runs_with_figures=(),
        comparisons={},
        metrics=("losses", "frechet"),
    )


def _beta_runs(base: Config) -> dict[str, Config]:
    """`base`, which has beta = 1, with the other values of the sweep."""
    changes = {"preset": "beta-vae", "training.preview_every_epochs": "0"}
    return {
        f"beta-{beta:g}": with_settings(base, {**changes, "objective.beta": f"{beta:g}"})
        for beta in BETA_SWEEP
        if beta != 1
    }


def _sweep_comparisons(runs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(SWEEP_FIGURES, tuple(runs))


def _latent_sizes() -> dict[str, Config]:
    """mlp-vae with other latent sizes than 10; mlp-vae-2d has 2."""
    return {
        f"latent-{size}": with_settings(mlp_vae(), {"model.latent_size": str(size)})
        for size in (5, 20, 40)
    }


def _learning_rates() -> dict[str, Config]:
    """mlp-vae with other learning rates than 0.001."""
    base = mlp_vae()
    return {
        f"rate-{rate:g}": replace(base, training=replace(base.training, learning_rate=rate))
        for rate in (1e-4, 3e-4, 3e-3, 1e-2)
    }


STUDIES: dict[str, Callable[[], Study]] = {
    "quick": quick,
    "beta-sweep": beta_sweep,
    "full": full,
    "likelihood": likelihood,
    "priors": priors,
}


def study_named(name: str) -> Study:
    """The built-in study of that name.

    Raises:
        InputError: if there is none; the message names the closest match.
    """
    return entry("study", name, STUDIES)()
