"""The named studies: which runs, and what is set beside each other."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from vaelab.config import Config, DataConfig, ElboConfig
from vaelab.errors import entry
from vaelab.presets import BETA_SWEEP, PRESETS, beta_vae, mlp_vae

QUICK_SAMPLE_COUNT = 2000

# Figures of a sweep over beta; keys of `COMPARISONS`.
SWEEP_FIGURES = ("rate-distortion", "beta-images", "beta-kl")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outputs:
    """What a study makes of one run.

    Attributes:
        metrics: keys of `METRICS` to take where they are defined; none: all but the longest.
        sample_count: samples to classifier; none: as many as there are test images.
        figures: whether its own are drawn.
        left_out_figures: those that are not, all the same.
        tsne: whether the explorer gets its latent map by t-SNE too.
    """

    metrics: tuple[str, ...]
    sample_count: int | None
    figures: bool
    left_out_figures: tuple[str, ...]
    tsne: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """What is to be run, and what is to be set beside each other.

    Attributes:
        name: of the study.
        configs: by name of the run.
        illustrated: the runs whose own figures are drawn.
        left_out_figures: keys of `FIGURES` that are not, for the time that they take.
        comparisons: names of figures in `COMPARISONS`, each with the runs that it shows.
        metrics: keys of `METRICS` to take where they are defined; none: all but the longest.
        sample_count: samples to classifier; none: as many as there are test images.
        data: that all runs are on; what its fields leave at their defaults, presets decide.
        tsne: whether the explorer gets illustrated runs' latent maps by t-SNE too; a minute each.
    """

    name: str
    configs: dict[str, Config]
    illustrated: tuple[str, ...]
    comparisons: dict[str, tuple[str, ...]]
    left_out_figures: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    sample_count: int | None = None
    data: DataConfig = field(default_factory=DataConfig)
    tsne: bool = False

    def outputs_of(self, run: str) -> Outputs:
        """What is made of the run of that name."""
        is_illustrated = run in self.illustrated
        return Outputs(
            metrics=self.metrics,
            sample_count=self.sample_count,
            figures=is_illustrated,
            left_out_figures=self.left_out_figures,
            tsne=self.tsne and is_illustrated,
        )


def quick() -> Study:
    """A short look at everything, at most 6 minutes on 2 cores."""
    epochs = {
        "autoencoder": 3,
        "mlp-vae": 6,
        "mlp-vae-2d": 3,
        "cvae-2d": 2,
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
        illustrated=tuple(runs),
        left_out_figures=("tsne", "umap"),
        comparisons={
            "autoencoder-beside-vae": ("autoencoder", "mlp-vae"),
            **_sweep_comparisons(sweep),
        },
        metrics=("losses", "frechet", "conditional-accuracy"),
        sample_count=QUICK_SAMPLE_COUNT,
    )


def beta_sweep() -> Study:
    """beta-vae at beta from 0.25 to 8."""
    runs = _beta_runs(beta_vae().training.epochs, BETA_SWEEP)
    return Study(
        name="beta-sweep", configs=runs, illustrated=(), comparisons=_sweep_comparisons(runs)
    )


def full() -> Study:
    """Every preset at its own settings, and mlp-vae by beta, latent size and learning rate."""
    presets = {name: preset() for name, preset in PRESETS.items() if name != "beta-vae"}
    sweep = beta_sweep()
    return Study(
        name="full",
        configs=presets | sweep.configs | _latent_sizes() | _learning_rates(),
        illustrated=tuple(presets),
        comparisons={"autoencoder-beside-vae": ("autoencoder", "mlp-vae"), **sweep.comparisons},
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
    """mlp-vae on either side of its 10 dimensions; mlp-vae-2d is one of the row already."""
    base = mlp_vae()
    return {
        f"latent-{size}": replace(base, model=replace(base.model, latent_size=size))
        for size in (5, 20, 40)
    }


def _learning_rates() -> dict[str, Config]:
    """mlp-vae on either side of its learning rate of 0.001."""
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
    """The study of that name.

    Raises:
        InputError: if there is none, naming the nearest.
    """
    return entry("study", name, STUDIES)()
