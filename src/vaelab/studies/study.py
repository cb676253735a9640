"""The plan of a study: which runs to make, and what to make of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vaelab.config import Config, DataConfig
from vaelab.errors import InputError

# Figures of runs that differ in one setting; keys of `COMPARISON_FIGURES`.
SWEEP_FIGURES = ("rate-distortion", "sweep-images", "sweep-kl")

# The figure of an autoencoder and a VAE with the same networks.
PAIR_FIGURE = "autoencoder-vs-vae"

# The name of a run is the name of its folder; these folders and files are the study's.
FOLDERS = ("archive", "data", "failures", "figures", "site")
RESERVED = (*FOLDERS, "pace.json", "study.json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outputs:
    """What a study makes of one run.

    Attributes:
        metrics: names of metrics, computed where they are available; empty for the default ones.
        sample_count: samples to evaluate; None for as many as there are test images.
        importance_samples: draws k per image of the importance-weighted bound; None for the
            default.
        figures: whether its figures are drawn.
        excluded_figures: figures that are not drawn.
        tsne: whether the explorer gets a latent map by t-SNE.
    """

    metrics: tuple[str, ...]
    sample_count: int | None
    importance_samples: int | None
    figures: bool
    excluded_figures: tuple[str, ...]
    tsne: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DerivedRun:
    """A run that fits a prior to the codes of another run of the study.

    Attributes:
        parent: name of the other run.
        prior: kind of the prior, such as gmm.
        changes: further settings by dotted name.
    """

    parent: str
    prior: str
    changes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """A plan: runs, what is made of each of them, and figures that compare them.

    Attributes:
        name: of the study.
        configs: of the runs that are trained from scratch, by name.
        derived: the runs that fit a prior to another run, by name; parents come first.
        runs_with_figures: the runs whose own figures are drawn.
        excluded_figures: keys of `FIGURES` that are not drawn, because they take long.
        comparisons: the runs of each comparison figure, by its key in `COMPARISON_FIGURES`.
        metrics: names of metrics, computed where they are available; empty for the default ones.
        sample_count: samples to evaluate; None for as many as there are test images.
        importance_samples: draws k of the importance-weighted bound by run, where it is not the
            default.
        data: the data set of all runs; fields at their defaults are left to the presets.
        tsne: whether the explorer gets latent maps by t-SNE of runs with figures, one minute each.
        training_seconds: of all trainings together; where a machine needs more, all runs are
            trained for fewer epochs by the same factor; None: no limit.
        plugins: Python files that define parts of the runs; every process loads them.

    Raises:
        InputError: if a run cannot have its name.
    """

    name: str
    configs: dict[str, Config]
    derived: dict[str, DerivedRun] = field(default_factory=dict)
    runs_with_figures: tuple[str, ...]
    comparisons: dict[str, tuple[str, ...]]
    excluded_figures: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    sample_count: int | None = None
    importance_samples: Mapping[str, int] = field(default_factory=dict)
    data: DataConfig = field(default_factory=DataConfig)
    tsne: bool = False
    training_seconds: float | None = None
    plugins: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        for name in self.run_names:
            # Windows and macOS ignore the case of names.
            is_taken = name.casefold() in RESERVED
            if is_taken or name.startswith(".") or name != Path(name).name:
                raise name_refused(name)

    @property
    def run_names(self) -> tuple[str, ...]:
        """The names of all runs."""
        return (*self.configs, *self.derived)

    def outputs_of(self, run: str) -> Outputs:
        """What is made of the run of that name."""
        has_figures = run in self.runs_with_figures
        return Outputs(
            metrics=self.metrics,
            sample_count=self.sample_count,
            importance_samples=self.importance_samples.get(run),
            figures=has_figures,
            excluded_figures=self.excluded_figures,
            tsne=self.tsne and has_figures,
        )


def name_refused(name: str) -> InputError:
    """The error for a run that cannot have a name."""
    return InputError(
        f"a run cannot be called {name!r}: it is also the name of a folder on any system, and "
        f"must not be one of {', '.join(RESERVED)}"
    )
