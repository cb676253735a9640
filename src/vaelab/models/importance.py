"""The importance-weighted bound on log p(x), streamed in blocks of bounded memory.

Letters in shapes: N images, B images and S draws of a block, K draws per image, M numbers of noise
per draw, C channels, H height, W width.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int
from torch import Generator, Tensor

from vaelab.arithmetic import exact
from vaelab.distributions import log_mean_exp
from vaelab.errors import InputError
from vaelab.models.contract import LatentVariableModel, Weights

# Decoded pixels of one block. Its floats, 2 MiB, fit into the cache of two cores, and 668 images of
# 28 x 28 are enough for matrix products to run at their highest rate.
BLOCK_PIXELS = 2**19

# Noise is drawn for this many draws of one image at a time, whatever the blocks, and at least 16
# numbers together: below that torch draws other values.
NOISE_GROUP = 64

ENCODED_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ImportanceBound:
    """Statistics of k importance weights per image.

    Attributes:
        log_likelihood: the bound on log p(x), in nats (of density where the likelihood is one).
            In expectation it rises with k, towards log p(x).
        effective_sample_size: (sum w)^2 / sum w^2, at most k. Near 1 the bound depends on one
            draw, and log p(x) may be far above it.
        reconstruction: -log p(x|z), mean over the draws.
        kl: log q(z|x) - log p(z), mean over the draws, in nats.
        k: draws per image.
    """

    log_likelihood: Float64[Tensor, " N"]
    effective_sample_size: Float64[Tensor, " N"]
    reconstruction: Float64[Tensor, " N"]
    kl: Float64[Tensor, " N"]
    k: int

    @property
    def negative_elbo(self) -> Float64[Tensor, " N"]:
        """Never below minus `log_likelihood`."""
        return self.reconstruction + self.kl


@torch.no_grad()
def importance_bound(
    model: LatentVariableModel,
    x: Float[Tensor, "N C H W"],
    labels: Int[Tensor, " N"] | None,
    *,
    k: int,
    generator: Generator,
) -> ImportanceBound:
    """log 1/k sum_i p(x, z_i) / q(z_i|x), z_i from q: Burda et al. 2016 (arXiv:1509.00519), eq. 8.

    The draws of an image depend only on the generator's state and on the number of images before
    it, in this call or in earlier ones with the same generator. So images may be given in parts,
    and k draws begin with those of any smaller k.

    Memory holds the images, one block and the k draws of its images. The model is used in
    evaluation mode and returned to its mode.

    Args:
        model: with a bound on log p(x).
        x: pixels in [0, 1], binarized where the model was trained on binarized images.
        labels: of a conditional model.
        k: draws per image.
        generator: on the CPU, so that the draws are the same on every device.

    Raises:
        InputError: if k is below 1, or log p(x) has no bound for the model.
    """
    if k < 1:
        raise InputError(f"the importance-weighted bound needs at least 1 draw, found k = {k}")
    statistics = torch.cat(
        [
            torch.stack(
                [
                    log_mean_exp(log_weights, 1),
                    _log_sample_size(log_weights).exp(),
                    -weights.log_likelihood.mean(1),
                    weights.log_ratio.mean(1),
                ]
            )
            for weights in _blocks(model, x, labels, k, generator)
            for log_weights in [weights.log_weights]
        ],
        1,
    )
    log_likelihood, sample_size, reconstruction, kl = statistics
    return ImportanceBound(
        log_likelihood=log_likelihood,
        effective_sample_size=sample_size,
        reconstruction=reconstruction,
        kl=kl,
        k=k,
    )


@torch.no_grad()
def log_weights(
    model: LatentVariableModel,
    x: Float[Tensor, "N C H W"],
    labels: Int[Tensor, " N"] | None,
    k: int,
    generator: Generator,
) -> Float64[Tensor, "N K"]:
    """log p(x, z_i|y) - log q(z_i|x,y) at k draws for each image; see `importance_bound`."""
    blocks = _blocks(model, x, labels, k, generator)
    return torch.cat([each.log_weights for each in blocks])


def _blocks(
    model: LatentVariableModel,
    x: Float[Tensor, "N C H W"],
    labels: Int[Tensor, " N"] | None,
    k: int,
    generator: Generator,
) -> Iterator[Weights]:
    """The weights of the images, some images at a time."""
    if not model.capabilities.has_density:
        raise InputError(
            f"{model.capabilities.name} with a reconstruction in {model.likelihood.unit} has no "
            "bound on log p(x); train a VAE with a likelihood in nats, such as gaussian-learned"
        )
    was_training = model.training
    model.eval()
    seeds = torch.randint(torch.iinfo(torch.int64).max, (len(x),), generator=generator)
    state = _states(model, x, labels)
    for block in torch.arange(len(x)).split(max(1, BLOCK_PIXELS // (k * x[0].numel()))):
        noise = _noise(seeds[block], k, model.importance_noise_size, like=x)
        of_block = tuple(each[block.to(each.device)] for each in state)
        yield _weights(model, x[block.to(x.device)], of_block, noise)
    model.train(was_training)


def _states(
    model: LatentVariableModel, x: Float[Tensor, "N C H W"], labels: Int[Tensor, " N"] | None
) -> tuple[Tensor, ...]:
    """What inference gives for the images, all together."""
    parts = [
        model.importance_state(
            x[start : start + ENCODED_AT_ONCE],
            None if labels is None else labels[start : start + ENCODED_AT_ONCE],
        )
        for start in range(0, len(x), ENCODED_AT_ONCE)
    ]
    return tuple(torch.cat(each) for each in zip(*parts, strict=True))


def _noise(seeds: Int[Tensor, " B"], k: int, size: int, *, like: Tensor) -> Float[Tensor, "B K M"]:
    """Standard normal draws, those of each image from its own seed."""
    groups = math.ceil(k / NOISE_GROUP)
    noise = torch.empty(len(seeds), groups, NOISE_GROUP, size, dtype=like.dtype)
    source = Generator()
    for image, seed in zip(noise, seeds.tolist(), strict=True):
        source.manual_seed(seed)
        for group in image:
            group.normal_(generator=source)
    return noise.flatten(1, 2)[:, :k].to(like.device)


def _weights(
    model: LatentVariableModel,
    x: Float[Tensor, "B C H W"],
    state: tuple[Tensor, ...],
    noise: Float[Tensor, "B K M"],
) -> Weights:
    """The weights of a block in float64, some draws at a time."""
    parts = [
        model.importance_weights(x, state, some)
        for some in noise.split(max(1, BLOCK_PIXELS // x.numel()), dim=1)
    ]
    return Weights(
        *(torch.cat([exact(each) for each in term], 1) for term in zip(*parts, strict=True))
    )


def _log_sample_size(log_weights: Float64[Tensor, "B K"]) -> Float64[Tensor, " B"]:
    return 2 * log_weights.logsumexp(1) - (2 * log_weights).logsumexp(1)
