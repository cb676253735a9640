"""Descriptions of models, from their stored capabilities and settings."""

from vaelab.formatting import counted, listed, plain
from vaelab.models.capabilities import Level
from vaelab.report.formatting import SPELLINGS
from vaelab.report.stored_results import StoredRun
from vaelab.report.swept_settings import SWEPT_SETTINGS
from vaelab.settings import describe_fields

NETWORKS = {"mlp": "fully connected", "conv": "convolutional"}


def describe_model(run: StoredRun) -> str:
    """Name, networks, latent variables and prior of a run's model, and the run it derives from."""
    settings = dict(describe_fields(run.config))
    parts = [run.capabilities.name]
    network = settings.get("model.network.kind")
    if network is not None:
        parts.append(f"{NETWORKS.get(network, network)} networks")
    parts.append(describe_latents(run.capabilities.levels))
    prior = settings.get("model.prior.kind")
    has_fitted_prior = prior is not None and run.origin.startswith("prior ")
    if prior is not None:
        words = " ".join(SPELLINGS.get(word, word) for word in prior.split("-"))
        parts.append(f"{words} {run.origin if has_fitted_prior else 'prior'}")
    if run.origin and not has_fitted_prior:
        parts.append(run.origin)
    for name, setting in SWEPT_SETTINGS.items():
        if setting.usual is not None and name in settings:
            value = float(settings[name])
            if value != setting.usual:
                parts.append(setting.named(plain(value)))
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def describe_latents(levels: tuple[Level, ...]) -> str:
    """The latent variables: `10 latent dimensions`, `7 x 7 codes from a codebook of 128`."""
    if len(levels) == 1:
        return _describe_level(levels[0])
    if all(len(level.shape) == 1 and level.codebook_size is None for level in levels):
        sizes = listed(str(level.size) for level in levels)
        return f"{len(levels)} levels with {sizes} latent dimensions"
    return f"{len(levels)} levels ({listed(map(_describe_level, levels))})"


def _describe_level(level: Level) -> str:
    if level.codebook_size is not None:
        # The first dimension holds the numbers of a codebook entry.
        codes = _product(level.shape[1:]) or "1"
        return f"{codes} codes from a codebook of {level.codebook_size}"
    if len(level.shape) == 1:
        return counted(level.size, "latent dimension")
    return f"{_product(level.shape)} latent variables"


def _product(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))  # noqa: RUF001
