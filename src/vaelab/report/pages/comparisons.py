"""Pages that compare models: an autoencoder with a VAE, and VAEs of different architectures."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from vaelab.formatting import counted, listed
from vaelab.pairing import autoencoder_and_vae
from vaelab.report.charts import COLORS, Chart, Series, drawable
from vaelab.report.curves import loss_unit, validation_points
from vaelab.report.formatting import label_from_name
from vaelab.report.gallery import Gallery
from vaelab.report.model_names import describe_model
from vaelab.report.pages.page import Page, difference, different_epochs, names_of, without_none
from vaelab.report.pages.pictures import comparison_pictures, run_pictures
from vaelab.report.stored_results import StoredRun
from vaelab.report.stored_study import StoredStudy
from vaelab.report.tables import table_views
from vaelab.settings import describe_fields

AUTOENCODER_METRICS = (
    "reconstruction",
    "mse",
    "psnr",
    "ssim",
    "reconstruction_fid_proxy",
    "label_probe_linear",
    "label_probe_knn",
)

ARCHITECTURE_METRICS = (
    "reconstruction",
    "kl",
    "negative_elbo",
    "negative_log_likelihood",
    "ssim",
    "fid_proxy",
    "recall",
    "active_units",
)

# The settings that make an architecture.
ARCHITECTURE = ("model.kind", "model.network.kind")


def autoencoder_page(study: StoredStudy, gallery: Gallery) -> Page | None:
    """An autoencoder and a VAE with the same networks; None if the study has no such pair."""
    drawn = {name for names in study.comparisons.values() for name in names}
    # If there are several pairs, the one that is drawn comes first.
    runs = {run.name: run for run in sorted(study.runs, key=lambda run: run.name not in drawn)}
    pair = autoencoder_and_vae({name: run.config for name, run in runs.items()})
    if pair is None:
        return None
    autoencoder, vae = (runs[name] for name in pair)
    findings = [
        *(
            difference(metric, autoencoder, vae)
            for metric in ("reconstruction", "mse", "ssim", "label_probe_linear")
        ),
        different_epochs([autoencoder, vae]),
        f"{autoencoder.name} has no prior, so there is no distribution from which codes of new "
        f"images can be drawn. {vae.name} generates images by decoding draws from its prior.",
    ]
    return _comparison_page(
        [autoencoder, vae],
        gallery,
        file="autoencoder.html",
        title="Autoencoder and VAE",
        menu="Autoencoder",
        topic="the difference between an autoencoder and a VAE",
        lead=(
            f"{autoencoder.name} and {vae.name} have the same networks and the same number of "
            "latent dimensions. The autoencoder maps an image to one code and minimizes the "
            "reconstruction loss alone. The VAE maps an image to a distribution over codes, and "
            "the KL term keeps these distributions close to the prior."
        ),
        metrics=AUTOENCODER_METRICS,
        note=(
            "The reconstruction loss of the VAE is computed with one draw from each posterior, "
            "that of the autoencoder with its code. MSE, PSNR and SSIM use the posterior mean."
        ),
        curve="reconstruction",
        figures=("reconstructions", "pca"),
        pictures=comparison_pictures(study, [autoencoder, vae], gallery),
        findings=without_none(findings),
    )


def architectures_page(study: StoredStudy, gallery: Gallery) -> Page | None:
    """VAEs of the most common architecture and of others; None if there is only one.

    Of each preset, the first unconditional run is shown. The baseline is the first run with the
    most common architecture.
    """
    runs = _first_of_each_preset(study.runs)
    architectures = Counter(map(_architecture, runs))
    if len(architectures) < 2:
        return None
    (common, _), *_ = architectures.most_common(1)
    baseline = next(run for run in runs if _architecture(run) == common)
    others = [
        run
        for run in runs
        if _architecture(run) != common and run.config.data == baseline.config.data
    ]
    if not others:
        return None
    findings = [
        difference(metric, run, baseline)
        for run in others
        for metric in ("negative_elbo", "ssim", "fid_proxy")
    ]
    shown = [baseline, *others]
    return _comparison_page(
        shown,
        gallery,
        file="architectures.html",
        title="Architectures",
        menu="Architectures",
        topic="the effect of the architecture",
        lead=(
            f"{baseline.name} is the baseline. {listed(names_of(others))} "
            f"{'has' if len(others) == 1 else 'have'} another architecture. Other settings may "
            "differ as well, so a difference in a metric cannot be attributed to the architecture "
            "alone."
        ),
        metrics=ARCHITECTURE_METRICS,
        note="",
        curve="negative_elbo",
        figures=("reconstructions", "samples"),
        pictures=[],
        findings=without_none([*findings, different_epochs(shown)]),
    )


def _first_of_each_preset(runs: Sequence[StoredRun]) -> list[StoredRun]:
    """The unconditional models with a prior that are not derived, one for each preset."""
    found: dict[str, StoredRun] = {}
    for run in runs:
        capabilities = run.capabilities
        if capabilities.has_prior and not capabilities.is_conditional and not run.parent:
            found.setdefault(run.config.preset, run)
    return list(found.values())


def _architecture(run: StoredRun) -> tuple[str | None, ...]:
    fields = dict(describe_fields(run.config))
    return tuple(fields.get(name) for name in ARCHITECTURE)


def _comparison_page(
    runs: Sequence[StoredRun],
    gallery: Gallery,
    *,
    metrics: Sequence[str],
    curve: str,
    figures: Sequence[str],
    file: str,
    title: str,
    menu: str,
    topic: str,
    findings: list[str],
    **content: Any,
) -> Page:
    """A page with a table, a chart and figures of several runs.

    Args:
        runs: that are compared.
        gallery: for their figures.
        metrics: columns of the table.
        curve: the validation loss in the chart.
        figures: of each run.
        file: as in `Page`.
        title: as in `Page`.
        menu: as in `Page`.
        topic: as in `Page`.
        findings: as in `Page`.
        content: further variables of the template.
    """
    return Page(
        file=file,
        template="comparison.html",
        title=title,
        menu=menu,
        topic=topic,
        findings=findings,
        has_charts=True,
        content={
            **content,
            "models": [(run, _describe(run)) for run in runs],
            "chart": _validation_chart(runs, curve),
            "run_pictures": [
                (run.name, pictures)
                for run in runs
                if (pictures := run_pictures(run, figures, gallery))
            ],
            "tables": table_views(runs, metrics, title),
        },
    )


def _describe(run: StoredRun) -> str:
    return f"{describe_model(run)}, {counted(run.config.training.epochs, 'epoch')}"


def _validation_chart(runs: Sequence[StoredRun], loss: str) -> Chart | None:
    """A validation loss of several runs; None if their units differ."""
    unit = loss_unit(runs[0], loss)
    if any(loss_unit(run, loss) != unit for run in runs):
        return None
    return drawable(
        Chart(
            slug="validation-loss",
            title=f"{label_from_name(loss)}, validation",
            x_label="epoch",
            y_label=f"{unit} per image",
            unit=unit,
            series=[
                Series(
                    label=run.name,
                    points=validation_points(run, loss),
                    color=COLORS[place % len(COLORS)],
                )
                for place, run in enumerate(runs)
            ],
        )
    )
