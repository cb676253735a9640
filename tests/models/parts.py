"""Parts of models for tests."""

from vaelab.models import ImageShape
from vaelab.models.priors.config import StandardNormalConfig
from vaelab.models.priors.prior import PriorContext
from vaelab.models.priors.standard_normal import StandardNormal


def prior_context(latent_size: int, class_count: int = 0) -> PriorContext:
    return PriorContext(latent_size=latent_size, class_count=class_count, shape=ImageShape(1, 4, 4))


def standard_normal(latent_size: int) -> StandardNormal:
    return StandardNormal(StandardNormalConfig(), prior_context(latent_size))
