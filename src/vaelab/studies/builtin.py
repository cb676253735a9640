"""The built-in studies; `STUDIES` is the table of them."""

from collections.abc import Callable
from dataclasses import replace

from vaelab.config import Config
from vaelab.errors import entry
from vaelab.objectives.config import ElboConfig
from vaelab.presets import BETA_SWEEP, PRESETS, beta_vae, mlp_vae
from vaelab.settings import with_settings
from vaelab.studies.study import PAIR_FIGURE, SWEEP_FIGURES, DerivedRun, Study

QUICK_SAMPLE_COUNT = 2000


def quick() -> Study:
    """Short trainings of six presets and a small beta sweep, at most 6 minutes on 2 cores."""
    epochs = {
        "autoencoder": 3,
        "mlp-vae": 6,
        "mlp-vae-2d": 3,
        "cvae-controlled-2d": 2,
        "conv-vae": 2,
        "flagship": 3,
    }
    runs = {}
    for name, count in epochs.items():
        config = PRESETS[name]()
        runs[name] = replace(config, training=replace(config.training, epochs=count))
    sweep = _beta_runs(2, (0.25, 1.0, 4.0))
    return Study(
        name="quick",
        configs=runs | sweep,
        runs_with_figures=tuple(runs),
        excluded_figures=("tsne",),
        comparisons={PAIR_FIGURE: ("autoencoder", "mlp-vae"), **_sweep_comparisons(sweep)},
        metrics=("losses", "frechet", "conditional-accuracy"),
        sample_count=QUICK_SAMPLE_COUNT,
    )


def beta_sweep() -> Study:
    """beta-vae with six values of beta from 0.25 to 8."""
    runs = _beta_runs(beta_vae().training.epochs, BETA_SWEEP)
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


def _beta_runs(epochs: int, betas: tuple[float, ...]) -> dict[str, Config]:
    base = beta_vae()
    return {
        f"beta-{beta:g}": replace(
            base,
            objective=ElboConfig(beta=beta),
            training=replace(base.training, epochs=epochs, preview_every_epochs=0),
        )
        for beta in betas
    }


def _sweep_comparisons(runs: dict[str, Config]) -> dict[str, tuple[str, ...]]:
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
}


def study_named(name: str) -> Study:
    """The built-in study of that name.

    Raises:
        InputError: if there is none; the message names the closest match.
    """
    return entry("study", name, STUDIES)()
