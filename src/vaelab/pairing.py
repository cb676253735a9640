"""Which runs form a pair that is worth a comparison; decided from their configurations alone."""

from collections.abc import Mapping

from vaelab.config import Config
from vaelab.settings import describe_fields

# Settings of the model in which the two differ.
KIND, PRIOR = "model.kind", "model.prior"


def autoencoder_and_vae(configs: Mapping[str, Config]) -> tuple[str, str] | None:
    """The first autoencoder and VAE that differ in nothing but posterior and prior.

    The two have the same data, and the VAE's model has every setting of the autoencoder's model
    with the same value; the settings of its prior come in addition. Derived runs are left out.

    Args:
        configs: by name of the run.

    Returns:
        The names of the autoencoder and of the VAE; None if no two runs form such a pair.
    """
    models = {
        name: {
            field: value for field, value in describe_fields(config) if field.startswith("model.")
        }
        for name, config in configs.items()
        if config.parent is None
    }
    for autoencoder, mine in models.items():
        shared = {(name, value) for name, value in mine.items() if name not in (KIND, PRIOR)}
        for vae, other in models.items():
            if (
                not _has_prior(mine)
                and _has_prior(other)
                and shared <= other.items()
                and configs[autoencoder].data == configs[vae].data
            ):
                return autoencoder, vae
    return None


def _has_prior(fields: Mapping[str, str]) -> bool:
    return f"{PRIOR}.kind" in fields
