"""What a prior takes from the codes of the training images without gradients."""

import torch

from vaelab.data.batches import Batches
from vaelab.models.contract import LatentVariableModel
from vaelab.randomness import generator

BATCH_SIZE = 500


@torch.no_grad()
def fit_to_codes(model: LatentVariableModel, images: Batches, seed: int) -> None:
    """Fit the prior of a model to one draw from the posterior of each image.

    Args:
        model: whose encoder is trained.
        images: the training images.
        seed: of the draws and of the fit.

    Raises:
        InputError: if the prior cannot be fitted to these codes.
    """
    fitting, noise = model.prior_fitting(), generator(seed, "codes", device=images.device)
    codes, conditions = [], []
    for batch in images.in_order(BATCH_SIZE, noise):
        condition = model.condition(batch.labels, batch.x)
        codes.append(fitting.draw(batch.x, condition, batch.source))
        conditions.append(condition)
    fitting.prior.fit(torch.cat(codes), torch.cat(conditions), seed)
