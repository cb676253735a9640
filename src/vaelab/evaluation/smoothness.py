"""How smoothly pictures change along straight lines in the latent space.

What changes is measured in the features of a classifier: distances of pixels would prefer a blur.

Letters in shapes: P paths, S points of a path, T steps of a path (S - 1), F features.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from vaelab.errors import InputError
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.result import Estimate, Findings, Measure
from vaelab.randomness import generator


@dataclass(frozen=True, kw_only=True, slots=True)
class Smoothness:
    """Whether interpolations go straight and evenly from one picture to the other.

    Attributes:
        detour: length of the paths over the distance between their ends, both in feature space and
            summed over paths; at least 1, which is straight.
        largest_step: of each path, its share of the path's length times the number of steps,
            averaged with the lengths as weights; at least 1, which is an even pace, at most the
            number of steps, which is a sudden jump.
        mean_squared_speed: squared step length over the squared step of the interpolation
            parameter, which runs from 0 to 1, averaged over steps and paths: the perceptual path
            length of Karras et al. 2019 (arXiv:1812.04948), section 4.1, with a finite step and
            this classifier's squared distance. Lower is smoother, but lowest of all is a decoder
            that ignores its code.
    """

    detour: float
    largest_step: float
    mean_squared_speed: float


def smoothness(features: Float[Tensor, "P S F"]) -> Smoothness:
    """The smoothness of paths whose points are evenly spaced in the latent space.

    Detour and largest step are ratios of sums: a path that nearly returns to its start counts by
    its length, where a mean of ratios would be ruled by its tiny distance.

    Args:
        features: of the decoded points, at least three a path.

    Raises:
        InputError: fewer than three points a path, no path, or every path ends where it began.
    """
    paths, points, _ = features.shape
    if paths < 1 or points < 3:
        raise InputError(
            "smoothness: there must be at least 1 path of at least 3 points, "
            f"found {paths} of {points}"
        )
    steps = _step_lengths(features)
    distance = (features[:, -1].double() - features[:, 0].double()).norm(dim=1).sum().item()
    if distance == 0:
        raise InputError(
            f"smoothness: all {paths} paths end in the very features that they began with; "
            "choose different ends, and see whether the decoder uses its code at all"
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


MEASURES = {
    "interpolation_detour": Measure("of the straight way", "lower", "reference"),
    "interpolation_largest_step": Measure("of an even step", "lower", "reference"),
}
PATH_COUNT, PATH_POINTS = 200, 11


@torch.no_grad()
def measure(context: EvaluationContext) -> Findings:
    """Of straight lines between the codes of pairs of test images of one class or of two.

    A conditional model is asked for the class of the first image all along. The details hold the
    same numbers of fading the pixels of one end's picture into the other's: no worse a way to
    these features, for all that no garment lies on it.
    """
    run = context.run
    count = min(PATH_COUNT, len(context.dataset.test) // 2)
    chosen = torch.randperm(len(context.dataset.test), generator=generator(context.seed, "paths"))
    starts, ends = (run.test_batch(part.tolist()) for part in chosen[: 2 * count].split(count))
    paths = run.model.interpolate(starts.x, ends.x, PATH_POINTS, starts.labels)
    weights = torch.linspace(0, 1, PATH_POINTS).view(1, -1, 1, 1, 1)
    fades = torch.lerp(paths[:, :1], paths[:, -1:], weights)
    if torch.equal(paths[:, 0], paths[:, -1]):
        return Findings({})  # the decoder ignores its code: there is no way to be smooth on
    of_paths, of_fades = (
        smoothness(
            context.classifiers.reference.see(each.flatten(0, 1)).features.unflatten(0, (count, -1))
        )
        for each in (paths, fades)
    )
    values = (of_paths.detour, of_paths.largest_step)
    return Findings(
        {
            name: Estimate(value, count, floor=1.0)
            for name, value in zip(MEASURES, values, strict=True)
        },
        {"interpolation_of_pixels": [of_fades.detour, of_fades.largest_step]},
    )
