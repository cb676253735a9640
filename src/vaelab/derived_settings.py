"""The settings of a run that fits a prior to the codes of another run."""

from collections.abc import Mapping
from dataclasses import replace

from vaelab import settings
from vaelab.config import Config, TrainingConfig
from vaelab.objectives.config import PriorLossConfig

PRIOR_TRAINING = TrainingConfig(
    epochs=30,
    batch_size=512,
    learning_rate=2e-3,
    schedule="one-cycle",
    ema_decay=0.995,
)
"""Of a prior that is learned by gradient. Nothing is decoded, so an epoch takes seconds."""


def settings_with_prior(parent: Config, prior: str, changes: Mapping[str, str]) -> Config:
    """The settings of a derived run, from those of its parent.

    Raises:
        InputError: on an unknown prior or setting, or a wrong value.
    """
    base = replace(
        parent, objective=PriorLossConfig(), training=PRIOR_TRAINING, initial_weights=None
    )
    return settings.with_settings(base, {"model.prior": prior, **changes})
