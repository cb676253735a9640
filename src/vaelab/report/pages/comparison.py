"""Runs of two kinds beside each other: autoencoder and VAE, baseline and improved VAE."""

from collections.abc import Sequence
from typing import Any

from vaelab.report import findings
from vaelab.report.charts import Chart, Series, draw
from vaelab.report.curves import validation
from vaelab.report.formatting import counted, listed, plain
from vaelab.report.gallery import Gallery
from vaelab.report.glossary import term
from vaelab.report.pages.captions import comparison_picture, pictures_of
from vaelab.report.pages.page import (
    Page,
    kind_in_words,
    names_of,
    reading,
    sentences,
    tables_of,
    there,
)
from vaelab.report.stored_runs import Stored, StoredRun

# Of an autoencoder and a VAE, in the study's folder.
FIGURE = "autoencoder-beside-vae"

BESIDE_AUTOENCODER = (
    "reconstruction",
    "mse",
    "psnr",
    "ssim",
    "reconstruction_fid_proxy",
    "label_probe_linear",
    "label_probe_neighbours",
)

BESIDE_BASELINE = (
    "reconstruction",
    "kl",
    "negative_elbo",
    "negative_log_likelihood",
    "ssim",
    "fid_proxy",
    "recall",
    "active_units",
)


def autoencoder_page(stored: Stored, gallery: Gallery) -> Page | None:
    """The first autoencoder beside the VAE that is otherwise alike; None where there is no pair."""
    drawn = stored.comparisons.get(FIGURE, [])
    # Those that the figure shows, where there are several pairs.
    pair = autoencoder_and_vae(sorted(stored.runs, key=lambda run: run.name not in drawn))
    if pair is None:
        return None
    plain_one, vae = pair
    picture = None
    if not drawn or set(drawn) == set(names_of(pair)):
        picture = comparison_picture(FIGURE, stored, gallery)
    said: list[str | None] = [
        _beside(metric, plain_one, vae)
        for metric in ("reconstruction", "mse", "ssim", "label_probe_linear")
    ]
    said.append(_epochs_apart(pair))
    said.append(
        f"{plain_one.name} has no prior: no distribution is known from which its codes could be "
        f"drawn. {vae.name} has one, and makes new images by drawing from it."
    )
    return Page(
        file="autoencoder.html",
        template="pair.html",
        title="Autoencoder beside VAE",
        menu="Autoencoder",
        question="what a prior adds to an autoencoder",
        content={
            "lead": (
                f"{plain_one.name} and {vae.name} have the same networks and the same number of "
                "latent dimensions. The autoencoder maps an image to one code and is trained to "
                "reconstruct it, nothing else; the VAE maps it to a distribution, and holds those "
                "distributions to a prior."
            ),
            "runs": list(pair),
            "kinds": [kind_in_words(run) for run in pair],
            "curve": _joint_curve(pair),
            "pictures": there([picture]),
            "rows_of_pictures": [
                (run.name, pictures)
                for run in pair
                if (pictures := pictures_of(run, ("reconstructions", "pca"), gallery))
            ],
            "tables": tables_of(pair, BESIDE_AUTOENCODER, "Autoencoder and VAE"),
            "note": (
                "The reconstruction of the VAE is taken at a draw from each posterior, that of the "
                "autoencoder at its code; MSE, PSNR and SSIM at the posterior's mean."
            ),
        },
        findings=sentences(*said),
    )


def autoencoder_and_vae(runs: Sequence[StoredRun]) -> tuple[StoredRun, StoredRun] | None:
    """The first two that differ in nothing but posterior and prior."""
    for first in runs:
        if first.is_vae:
            continue
        for second in runs:
            mine, other = first.config.model, second.config.model
            if (
                second.is_vae
                and (mine.network, mine.latent_size, mine.conditional, mine.likelihood)
                == (other.network, other.latent_size, other.conditional, other.likelihood)
                and first.config.data == second.config.data
            ):
                return first, second
    return None


def improved_page(stored: Stored, gallery: Gallery) -> Page | None:
    """The baseline VAE beside convolutional ones; None where one of them is missing."""
    plain_ones = [
        run
        for run in stored.runs
        if run.is_vae and not run.config.model.conditional and run.beta == 1
    ]
    baseline = next((run for run in plain_ones if run.config.model.network.kind == "mlp"), None)
    improved = [run for run in plain_ones if run.config.model.network.kind == "conv"]
    if baseline is None or not improved:
        return None
    runs = [baseline, *improved]
    said: list[str | None] = []
    for run in improved:
        said += [
            _beside(metric, run, baseline) for metric in ("negative_elbo", "ssim", "fid_proxy")
        ]
    said.append(_epochs_apart(runs))
    return Page(
        file="improved.html",
        template="pair.html",
        title="Baseline and improved VAE",
        menu="Improved VAE",
        question="what convolutional networks add",
        content={
            "lead": (
                f"{baseline.name} is the baseline: fully connected networks. "
                f"{listed(names_of(improved))} "
                f"{'has' if len(improved) == 1 else 'have'} convolutional ones; the table tells "
                "what else differs, and the numbers cannot tell these changes apart."
            ),
            "runs": runs,
            "kinds": [_kind_and_training(run) for run in runs],
            "curve": _joint_curve(runs, "negative_elbo"),
            "pictures": [],
            "rows_of_pictures": [
                (run.name, pictures)
                for run in runs
                if (pictures := pictures_of(run, ("reconstructions", "samples"), gallery))
            ],
            "tables": tables_of(runs, BESIDE_BASELINE, "Baseline and improved VAE"),
            "note": "",
        },
        findings=sentences(*said),
    )


def _epochs_apart(runs: Sequence[StoredRun]) -> str | None:
    """Who was trained for how long, where that is not the same."""
    epochs = [run.config.training.epochs for run in runs]
    if len(set(epochs)) == 1:
        return None
    each = [
        f"{run.name} for {counted(count, 'epoch')}" for run, count in zip(runs, epochs, strict=True)
    ]
    return f"They were not trained equally long: {listed(each)}."


def _kind_and_training(run: StoredRun) -> str:
    objective = run.config.objective
    words = [kind_in_words(run), counted(run.config.training.epochs, "epoch")]
    if objective.kind == "elbo" and objective.kl_schedule.kind == "warmup":
        words.append(f"KL warm-up over {plain(objective.kl_schedule.epochs)} epochs")
    return ", ".join(words)


def _joint_curve(runs: Sequence[StoredRun], name: str = "reconstruction") -> dict[str, Any] | None:
    """One validation loss of several runs."""
    if len({run.unit for run in runs}) > 1:
        return None
    return draw(
        Chart(
            slug="joint-curve",
            title=f"{term(name).label}, validation",
            x_label="epoch",
            y_label=f"{runs[0].unit} per image",
            unit=runs[0].unit,
            series=[
                Series(label=run.name, points=validation(run, name), tone=f"tone-{place % 10}")
                for place, run in enumerate(runs)
            ],
            has_whole_steps=True,
        )
    )


def _beside(metric: str, first: StoredRun, second: StoredRun) -> str | None:
    """Two runs by one number, where both have it on the same terms."""
    mine, other = first.metrics.get(metric), second.metrics.get(metric)
    if mine is None or other is None or mine["direction"] is None:
        return None
    if any(mine[key] != other[key] for key in ("unit", "count", "classifier", "split")):
        return None
    return findings.beside(
        term(metric).label,
        mine["unit"],
        reading(first, metric),
        reading(second, metric),
        mine["direction"],
    )
