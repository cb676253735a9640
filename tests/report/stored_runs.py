"""Run folders as `vaelab` leaves them, written by hand in milliseconds."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from vaelab.config import Config
from vaelab.presets import preset
from vaelab.report.stored_runs import StoredRun, complete
from vaelab.runs import DataCard, Run
from vaelab.settings import with_settings

CLASSES = ("T-shirt", 'Bag "large"', "</script><b>Boot")
CARD = DataCard(
    name="fashion-mnist",
    source="IDX files in /home/somebody/my data/fashion",
    train_fingerprint="a" * 64,
    test_fingerprint="b" * 64,
    shape=(1, 28, 28),
    class_names=CLASSES,
)
JUDGE = "c" * 64

# What metrics say beside their value, as `vaelab evaluate` stores it.
KINDS: dict[str, dict[str, Any]] = {
    "reconstruction": {"unit": "nats", "direction": "lower", "floor": 190.0, "baseline": 385.0},
    "kl": {"unit": "nats", "direction": None},
    "negative_elbo": {"unit": "nats", "direction": "lower", "floor": 190.0, "baseline": 385.0},
    "active_units": {"unit": "dimensions", "direction": None, "standard_error": None},
    "fid_proxy": {
        "unit": "squared feature distance",
        "direction": "lower",
        "floor": 0.01,
        "baseline": 8.0,
        "classifier": JUDGE,
        "standard_error": 0.02,
    },
    "conditional_accuracy": {
        "unit": "share",
        "direction": "higher",
        "floor": 0.94,
        "baseline": 0.33,
        "classifier": JUDGE,
        "standard_error": 0.004,
    },
    "label_leakage_linear": {
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
        "classifier": None,
    }
    return {**common, **KINDS[name], "value": value, **changes}


def metrics(**values: float) -> dict[str, dict[str, Any]]:
    return {name: metric(name, value) for name, value in values.items()}


def record(epoch: int, total: float, *, kl: float = 15.0, **changes: Any) -> dict[str, Any]:
    terms = {"reconstruction": total - kl, "kl": kl, "negative_elbo": total}
    return {
        "epoch": epoch,
        "train": {name: value + 2.0 / epoch for name, value in terms.items()},
        "validation": {**terms, "reconstruction_floor": 188.0},
        "selection_loss": total,
        "active_units": 10,
        "kl_weight": 1.0,
        "learning_rate": 0.001,
        "images_per_second": 9000.0,
        "seconds": 6.0,
        **changes,
    }


FALLING = [record(epoch, 240.0 + 20.0 / epoch) for epoch in range(1, 5)]


def config(name: str = "mlp-vae", **settings: str) -> Config:
    return with_settings(preset(name), {k.replace("__", "."): v for k, v in settings.items()})


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
    run.write_config()
    lines = FALLING if records is None else records
    # As text, because what is damaged may hold what the package refuses to write.
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
    return StoredRun(
        slug=slug,
        run=Run(Path("runs") / slug, config, CARD),
        metrics=complete(metrics(**values)),
        undefined=(),
        details={},
        records=FALLING,
    )


def seeded(config: Config, seed: int) -> Config:
    return replace(config, seed=seed)
