"""The importance-weighted bound on log p(x), and the ELBO from the same many draws.

Letters in shapes: N images, B images and S draws of a block, K draws per image, D latent
dimensions, Y classes of a conditional model, C channels, H height, W width.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int
from torch import Generator, Tensor
from tqdm import tqdm

from vaelab.distributions import log_mean_exp
from vaelab.errors import InputError
from vaelab.evaluation import losses
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.result import Estimate, Findings, Measure
from vaelab.models import LatentVariableModel
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.randomness import generator

# Decoded pixels of one block. Its floats, 2 MiB, stay in the cache of two cores while they are
# worked on, and 668 images of 28 x 28 are enough for matrix products to run at their best rate.
BLOCK_PIXELS = 2**19

# Noise is drawn for so many draws of one image at a time, whatever the blocks, and at least 16
# numbers process_group: below that torch draws other values.
NOISE_GROUP = 64

ENCODED_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ImportanceBound:
    """What k draws from each posterior say of each image.

    Attributes:
        log_likelihood: the bound on log p(x), in nats (of density where the likelihood is one).
            In expectation it rises with k, towards log p(x).
        effective_sample_size: (sum w)^2 / sum w^2, of k. Near 1 the bound rests on one draw, and
            the truth may lie far above it.
        reconstruction: minus log p(x|z), mean over the draws.
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
        """Minus the ELBO, never below minus `log_likelihood`."""
        return self.reconstruction + self.kl


def mean_and_standard_error(values: Float64[Tensor, " N"]) -> tuple[float, float | None]:
    """The mean over images and its standard error, which a single image does not have."""
    error = values.std().item() / math.sqrt(len(values)) if len(values) > 1 else None
    return values.mean().item(), error


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

    The draws of an image depend on the generator's state and on how many images came before it,
    in this call or in earlier ones with the same generator, and on nothing else. So images may be
    given in parts, one call after the other, and k draws begin with those of any smaller k.

    Memory beside the images is that of one block and of one image's k draws. The model is used in
    evaluation mode and left in the mode that it was in.

    Args:
        model: with a prior and a likelihood in nats.
        x: pixels in [0, 1] as the model is to see them, binarized where it was trained so.
        labels: of a conditional model.
        k: draws per image.
        generator: on the CPU, so that the draws are the same on every device.

    Raises:
        InputError: if k is below 1, or log p(x) is not defined for the model.
    """
    _require_likelihood(model)
    if k < 1:
        raise InputError(f"the importance-weighted bound needs at least 1 draw, found k = {k}")
    was_training = model.training
    model.eval()
    seeds = torch.randint(torch.iinfo(torch.int64).max, (len(x),), generator=generator)
    posterior, condition = _encode(model, x, labels), model.condition(labels, x)
    estimates = [
        _estimates(
            *_draw(
                model,
                x[block],
                condition[block],
                DiagonalGaussian(posterior.mean[block], posterior.log_variance[block]),
                _noise(seeds[block], k, posterior.mean),
            )
        )
        for block in torch.arange(len(x)).split(max(1, BLOCK_PIXELS // (k * x[0].numel())))
    ]
    model.train(was_training)
    log_likelihood, sample_size, reconstruction, kl = torch.cat(estimates, 1)
    return ImportanceBound(
        log_likelihood=log_likelihood,
        effective_sample_size=sample_size,
        reconstruction=reconstruction,
        kl=kl,
        k=k,
    )


def _require_likelihood(model: LatentVariableModel) -> None:
    if model.prior is None:
        raise InputError("an autoencoder has no prior and so no likelihood; train a VAE")
    if not model.likelihood.unit.startswith("nats"):
        raise InputError(
            f"a model whose reconstruction is measured in {model.likelihood.unit} has no "
            "likelihood; train with a likelihood in nats, such as gaussian-learned"
        )


def _encode(
    model: LatentVariableModel, x: Float[Tensor, "N C H W"], labels: Int[Tensor, " N"] | None
) -> DiagonalGaussian:
    parts = []
    for block in torch.arange(len(x)).split(ENCODED_AT_ONCE):
        posterior = model.encode(x[block], None if labels is None else labels[block])
        assert isinstance(posterior, DiagonalGaussian)
        parts.append(posterior)
    return DiagonalGaussian(*(torch.cat(each).to(x.dtype) for each in zip(*parts, strict=True)))


def _noise(seeds: Int[Tensor, " B"], k: int, like: Tensor) -> Float[Tensor, "B K D"]:
    """Standard normal draws, those of each image from its own seed."""
    groups = math.ceil(k / NOISE_GROUP)
    noise = torch.empty(len(seeds), groups, NOISE_GROUP, like.shape[1], dtype=like.dtype)
    source = Generator()
    for image, seed in zip(noise, seeds.tolist(), strict=True):
        source.manual_seed(seed)
        for group in image:
            group.normal_(generator=source)
    return noise.flatten(1, 2)[:, :k].to(like.device)


def _draw(
    model: LatentVariableModel,
    x: Float[Tensor, "B C H W"],
    condition: Float[Tensor, "B Y"],
    posterior: DiagonalGaussian,
    noise: Float[Tensor, "B K D"],
) -> tuple[Float64[Tensor, "B K"], Float64[Tensor, "B K"]]:
    """log p(x|z) and log q(z|x) - log p(z) of each draw."""
    log_likelihoods, log_ratios = [], []
    for some in noise.split(max(1, BLOCK_PIXELS // x.numel()), dim=1):
        log_likelihood, log_ratio = _draw_some(model, x, condition, posterior, some)
        log_likelihoods.append(log_likelihood)
        log_ratios.append(log_ratio)
    return torch.cat(log_likelihoods, 1), torch.cat(log_ratios, 1)


def _draw_some(
    model: LatentVariableModel,
    x: Float[Tensor, "B C H W"],
    condition: Float[Tensor, "B Y"],
    posterior: DiagonalGaussian,
    noise: Float[Tensor, "B S D"],
) -> tuple[Float64[Tensor, "B S"], Float64[Tensor, "B S"]]:
    assert model.prior is not None
    draws = noise.shape[1]
    repeated = DiagonalGaussian(*(_repeat(each, draws) for each in posterior))
    z = repeated.mean + torch.exp(0.5 * repeated.log_variance) * noise.flatten(0, 1)
    log_ratio = repeated.log_prob(z).sum(1) - model.prior.log_prob(z)
    decoded = model.decoder(torch.cat([z, _repeat(condition, draws)], 1)).to(x.dtype)
    log_likelihood = model.likelihood.summed_log_prob(x, decoded.unflatten(0, (-1, draws)))
    return log_likelihood.double(), log_ratio.double().view_as(log_likelihood)


def _repeat(values: Float[Tensor, "B F"], count: int) -> Float[Tensor, "R F"]:
    """Each row so many times, one after the other."""
    return values.repeat_interleave(count, 0)


def _estimates(
    log_likelihood: Float64[Tensor, "B K"], log_ratio: Float64[Tensor, "B K"]
) -> Float64[Tensor, "4 B"]:
    """The bound, the effective sample size, and the two terms of minus the ELBO."""
    log_weights = log_likelihood - log_ratio
    log_sample_size = 2 * log_weights.logsumexp(1) - (2 * log_weights).logsumexp(1)
    return torch.stack(
        [
            log_mean_exp(log_weights, 1),
            log_sample_size.exp(),
            -log_likelihood.mean(1),
            log_ratio.mean(1),
        ]
    )


MEASURES = {
    "negative_log_likelihood": Measure("nats", "lower"),
    "reconstruction_many_draws": Measure("nats", "lower"),
    "kl_many_draws": Measure("nats"),
    "negative_elbo_many_draws": Measure("nats", "lower"),
    "effective_sample_size": Measure("draws"),
}
IMAGES_AT_ONCE = 100


def measure(context: EvaluationContext) -> Findings:
    """Minus the bound on log p(x) of the test images, and the ELBO's terms over the same draws."""
    noise = generator(context.seed, "binarize")
    batches = context.run.test_batches.in_order(IMAGES_AT_ONCE, noise)
    bound = bound_in_parts(context, [(batch.x, batch.labels) for batch in batches])
    floor, baseline = losses.floor_and_ceiling(context)
    unit = f"{context.run.model.likelihood.unit}, k = {bound.k}"

    def estimate(values: Tensor, unit: str, *, is_bounded: bool = False) -> Estimate:
        mean, error = mean_and_standard_error(values)
        bounds = {"floor": floor, "baseline": baseline} if is_bounded else {}
        return Estimate(mean, len(values), error, unit=unit, **bounds)

    return Findings(
        {
            "negative_log_likelihood": estimate(-bound.log_likelihood, unit, is_bounded=True),
            "reconstruction_many_draws": estimate(bound.reconstruction, unit, is_bounded=True),
            "kl_many_draws": estimate(bound.kl, f"nats, k = {bound.k}"),
            "negative_elbo_many_draws": estimate(bound.negative_elbo, unit, is_bounded=True),
            "effective_sample_size": estimate(bound.effective_sample_size, f"of {bound.k} draws"),
        }
    )


def bound_in_parts(
    context: EvaluationContext, parts: Sequence[tuple[Tensor, Tensor | None]]
) -> ImportanceBound:
    """The bound of a run on images that are given in parts, with progress shown on the way."""
    draws = generator(context.seed, "importance")
    bounds = [
        importance_bound(
            context.run.model, x, labels, k=context.importance_samples, generator=draws
        )
        for x, labels in tqdm(
            parts, "importance-weighted bound", disable=not context.show_progress, leave=False
        )
    ]
    return ImportanceBound(
        log_likelihood=torch.cat([bound.log_likelihood for bound in bounds]),
        effective_sample_size=torch.cat([bound.effective_sample_size for bound in bounds]),
        reconstruction=torch.cat([bound.reconstruction for bound in bounds]),
        kl=torch.cat([bound.kl for bound in bounds]),
        k=context.importance_samples,
    )
