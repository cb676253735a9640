"""Run folders as `vaelab` writes them, made by hand in milliseconds."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from vaelab.config import Config
from vaelab.evaluation.stored_samples import SamplesCard, StoredSamples
from vaelab.models.capabilities import Capabilities, Level
from vaelab.presets import preset
from vaelab.report.stored_results import StoredRun, complete_metrics
from vaelab.runs import DataCard, Run
from vaelab.settings import describe_fields, with_settings

CLASSES = ("T-shirt", 'Bag "large"', "</script><b>Boot")
CARD = DataCard(
    name="fashion-mnist",
    source="IDX files in /home/user/my data/fashion",
    train_fingerprint="a" * 64,
    test_fingerprint="b" * 64,
    shape=(1, 28, 28),
    class_names=CLASSES,
)
FEATURES = "c" * 64

# What `vaelab evaluate` stores with each value.
DECLARATIONS: dict[str, dict[str, Any]] = {
    "reconstruction": {
        "is_headline": True,
        "label": "Reconstruction",
        "group": "Likelihood",
        "unit": "nats",
        "direction": "lower",
        "floor": 190.0,
        "baseline": 385.0,
    },
    "kl": {
        "is_headline": True,
        "label": "KL",
        "group": "Likelihood",
        "unit": "nats",
        "direction": None,
    },
    "negative_elbo": {
        "is_headline": True,
        "label": "Negative ELBO",
        "group": "Likelihood",
        "unit": "nats",
        "direction": "lower",
        "floor": 190.0,
        "baseline": 385.0,
    },
    "exemplar_negative_log_likelihood": {
        "label": "NLL, exemplar protocol",
        "group": "Likelihood",
        "unit": "nats, k = 5000",
        "direction": "lower",
    },
    "active_units": {
        "label": "Active units",
        "group": "Latent space",
        "unit": "dimensions",
        "direction": None,
        "standard_error": None,
    },
    "fid_proxy": {
        "is_headline": True,
        "label": "FID proxy",
        "group": "Samples",
        "unit": "squared feature distance",
        "direction": "lower",
        "floor": 0.01,
        "baseline": 8.0,
        "features": FEATURES,
        "features_name": "reference",
        "standard_error": 0.02,
    },
    "conditional_accuracy": {
        "is_headline": True,
        "label": "Conditional accuracy",
        "group": "Conditional generation",
        "unit": "share",
        "direction": "higher",
        "floor": 0.94,
        "baseline": 0.33,
        "features": FEATURES,
        "features_name": "reference",
        "standard_error": 0.004,
    },
    "label_leakage_linear": {
        "label": "Label leakage, linear",
        "group": "Conditional generation",
        "unit": "share",
        "direction": "lower",
        "floor": 0.33,
        "baseline": 1.0,
        "standard_error": 0.004,
    },
}


def metric(name: str, value: float, **changes: Any) -> dict[str, Any]:
    common = {
        "count": 10_000,
        "seed": 0,
        "standard_error": 0.7,
        "floor": None,
        "baseline": None,
        "split": "test",
        "features": None,
        "features_name": None,
        "is_headline": False,
        "meaning": f"The meaning of {name}.",
    }
    return {**common, **DECLARATIONS[name], "value": value, **changes}


def metrics(**values: float) -> dict[str, dict[str, Any]]:
    return {name: metric(name, value) for name, value in values.items()}


def record(epoch: int, negative_elbo: float, *, kl: float = 15.0, **changes: Any) -> dict[str, Any]:
    losses = {"reconstruction": negative_elbo - kl, "kl": kl, "negative_elbo": negative_elbo}
    return {
        "epoch": epoch,
        "train": {name: value + 2.0 / epoch for name, value in losses.items()},
        "validation": {**losses, "reconstruction_floor": 188.0},
        "selection_loss": negative_elbo,
        "active_units": 10,
        "schedule": {"kl_weight": 1.0, "learning_rate": 0.001},
        "images_per_second": 9000.0,
        "seconds": 6.0,
        **changes,
    }


FALLING = [record(epoch, 240.0 + 20.0 / epoch) for epoch in range(1, 5)]


def config(name: str = "mlp-vae", **settings: str) -> Config:
    return with_settings(preset(name), {k.replace("__", "."): v for k, v in settings.items()})


def capabilities(config: Config) -> Capabilities:
    """Those of a model with one vector of latent variables."""
    settings = dict(describe_fields(config))
    is_conditional = settings["model.conditioning.kind"] != "none"
    has_prior = "model.prior.kind" in settings
    name = "VAE" if has_prior else "autoencoder"
    return Capabilities(
        name=f"conditional {name}" if is_conditional else name,
        levels=(Level("z", (int(settings["model.latent_size"]),)),),
        unit="nats",
        has_prior=has_prior,
        has_density=has_prior,
        is_conditional=is_conditional,
    )


def write_samples(folder: Path, name: str, measured: dict[str, Any]) -> StoredSamples:
    """The evaluation of samples that were generated elsewhere."""
    card = SamplesCard(source="theirs.npz", count=10_000, has_labels=False, fingerprint="d" * 64)
    samples = StoredSamples(folder / name, card, CARD)
    samples.create()
    samples.write_evaluation({"metrics": measured, "details": {}})
    return samples


def write_run(
    folder: Path,
    name: str,
    config: Config,
    *,
    measured: dict[str, Any] | None = None,
    details: dict[str, Any] | None = None,
    records: list[dict[str, Any]] | None = None,
    figures: tuple[str, ...] = (),
    card: DataCard = CARD,
) -> Run:
    run = Run(folder / name, config, card)
    run.path.mkdir(parents=True)
    run.write_config(capabilities(config), "32-true")
    lines = FALLING if records is None else records
    # As text: a damaged file may hold what the package refuses to write.
    (run.path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    if measured is not None:
        (run.path / "evaluation.json").write_text(
            json.dumps({"metrics": measured, "details": details or {}})
        )
    for figure in figures:
        draw_figure(run.figures / f"{figure}.png")
    return run


def draw_figure(path: Path, *, color: str = "black") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGBA", (320, 200), "white")
    ImageDraw.Draw(image).ellipse((40, 40, 200, 160), fill=color)
    image.save(path)


def stored(config: Config, slug: str = "run", **values: float) -> StoredRun:
    """A run in memory."""
    run = Run(Path("runs") / slug, config, CARD)
    return StoredRun(
        slug=slug,
        run=run,
        capabilities=capabilities(config),
        metrics=complete_metrics(metrics(**values)),
        not_finite={},
        details={},
        left_out={},
        records=FALLING,
    )


def seeded(config: Config, seed: int) -> Config:
    return replace(config, seed=seed)
