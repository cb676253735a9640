"""Smoothness of interpolations: how images change along straight lines in the latent space.

Distances are in feature space, because distances of pixels prefer blurred images.

Letters in shapes: P paths, S points of a path, T steps of a path (S - 1), F features.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from vaelab.errors import InputError
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.metric import Metric, MetricSpec, MetricValue
from vaelab.randomness import generator

PATH_COUNT, PATH_POINTS = 200, 11


@dataclass(frozen=True, kw_only=True, slots=True)
class Smoothness:
    """Whether interpolations are straight and evenly paced in feature space.

    Attributes:
        detour: length of the paths over the distance between their ends, both summed over paths;
            at least 1, which is straight.
        largest_step: the largest step of each path over its mean step, averaged with the lengths
            of the paths as weights; 1 is an even pace, the number of steps a sudden jump.
        mean_squared_speed: squared step length over the squared step of the interpolation
            parameter, which runs from 0 to 1, averaged over steps and paths: the perceptual path
            length of Karras et al. 2019 (arXiv:1812.04948), section 4.1, with a finite step and
            squared feature distances. A decoder that ignores its code has the lowest.
    """

    detour: float
    largest_step: float
    mean_squared_speed: float


def smoothness(features: Float[Tensor, "P S F"]) -> Smoothness:
    """The smoothness of paths whose points are evenly spaced in the latent space.

    Detour and largest step are ratios of sums, because a mean of ratios would be dominated by paths
    that nearly return to their start.

    Args:
        features: of the decoded points, at least three per path.

    Raises:
        InputError: on fewer than three points, on no path, or if every path ends where it begins.
    """
    paths, points, _ = features.shape
    if paths < 1 or points < 3:
        raise InputError(
            f"there must be at least 1 path of at least 3 points, found {paths} of {points}"
        )
    steps = _step_lengths(features)
    distance = (features[:, -1].double() - features[:, 0].double()).norm(dim=1).sum().item()
    if distance == 0:
        raise InputError(
            f"all {paths} paths end in the features that they begin with: the ends are the same "
            "images, or the decoder ignores its code"
        )
    length, step_count = steps.sum().item(), points - 1
    return Smoothness(
        detour=length / distance,
        largest_step=step_count * steps.amax(1).sum().item() / length,
        mean_squared_speed=steps.square().mean().item() * step_count**2,
    )


def _step_lengths(features: Float[Tensor, "P S F"]) -> Float64[Tensor, "P T"]:
    lengths: Tensor = features.double().diff(dim=1).norm(dim=2)
    return lengths


@torch.no_grad()
def compute(context: EvaluationContext) -> dict[str, MetricValue]:
    """Of straight lines between the codes of pairs of test images, of any classes.

    A conditional model is given the label of the first image on the whole line. The details hold
    the same numbers for fading pixels from one end to the other, which these features do not
    penalize although the images between are no garments.
    """
    count = min(PATH_COUNT, len(context.dataset.test) // 2)
    chosen = torch.randperm(len(context.dataset.test), generator=generator(context.seed, "paths"))
    starts, ends = (
        context.run.test_batch(rows.tolist()) for rows in chosen[: 2 * count].split(count)
    )
    paths = context.model.interpolate(starts.x, ends.x, PATH_POINTS, starts.labels).cpu()
    weights = torch.linspace(0, 1, PATH_POINTS).view(1, -1, 1, 1, 1)
    fades = torch.lerp(paths[:, :1], paths[:, -1:], weights)
    of_paths, of_fades = (
        smoothness(context.classified(each.flatten(0, 1), None).features.unflatten(0, (count, -1)))
        for each in (paths, fades)
    )
    fading = {"interpolation_of_pixels": [of_fades.detour, of_fades.largest_step]}
    return {
        "interpolation_detour": MetricValue(
            value=of_paths.detour, count=count, floor=1.0, details=fading
        ),
        "interpolation_largest_step": MetricValue(
            value=of_paths.largest_step, count=count, floor=1.0
        ),
    }


METRIC = Metric(
    (
        MetricSpec(
            name="interpolation_detour",
            label="Interpolation detour",
            unit="of the straight line",
            meaning="Length of interpolations in feature space, over the distance of their ends.",
            group="Latent space",
            direction="lower",
            features="chosen",
        ),
        MetricSpec(
            name="interpolation_largest_step",
            label="Largest interpolation step",
            unit="of the mean step",
            meaning="Largest step of an interpolation in feature space, over its mean step.",
            group="Latent space",
            direction="lower",
            features="chosen",
        ),
    ),
    compute,
    ("a trained model", "a feature extractor", "2 images"),
    aliases=("ppl", "interpolation"),
)
