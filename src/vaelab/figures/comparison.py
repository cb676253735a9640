"""Autoencoder and VAE on the same images.

Letters in shapes: B images, C channels, H height, W width.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from vaelab.figures.choices import images_of_each_class
from vaelab.figures.grid import cell_inches, show_images
from vaelab.figures.images import reconstructed
from vaelab.figures.spec import ComparisonFigureSpec, Drawing
from vaelab.figures.style import label_of
from vaelab.loaded_run import LoadedRun
from vaelab.randomness import generator


def draw_autoencoder_vs_vae(runs: Sequence[LoadedRun]) -> Drawing:
    """Reconstructions of the same images, and what random codes decode to."""
    chosen = images_of_each_class(runs[0], 1)
    pairs = [reconstructed(run, chosen) for run in runs]
    originals = pairs[0][0]
    names = [label_of(run.run.name) for run in runs]
    width, height = cell_inches(originals)
    rows = 1 + 2 * len(runs)
    figure = Figure(figsize=(max(len(chosen) * width, 6.2) + 1.7, rows * height + 1.6))
    above, below = figure.subplots(2, 1, height_ratios=[1 + len(runs), len(runs)])
    show_images(
        above,
        torch.cat([originals, *(images for _, images in pairs)]),
        len(chosen),
        row_labels=["original", *names],
    )
    above.set_title("Reconstructions")
    random_images = torch.cat([_decode_random_codes(run, len(chosen)) for run in runs])
    show_images(below, random_images, len(chosen), row_labels=names)
    below.set_title("Random codes from N(0, I), decoded")
    return Drawing(
        figure,
        "only a VAE is trained so that codes from N(0, I) decode to images; "
        f"{runs[0].run.data.name} test images",
    )


def _decode_random_codes(run: LoadedRun, count: int) -> Float[Tensor, "B C H W"]:
    """Of a conditional model, the classes in turn."""
    codes = torch.empty(count, run.model.latent_size)
    codes.normal_(generator=generator(0, "random codes"))
    return run.decode(codes, run.classes_in_turn(count))


AUTOENCODER_VS_VAE = ComparisonFigureSpec(
    draw=draw_autoencoder_vs_vae,
    title="Autoencoder and VAE",
    alt="Top: test images of {data} and their reconstructions by {run}. Bottom: images that each "
    "decodes from draws of a standard normal distribution.",
    caption="Top: reconstructions of the same test images. Bottom: decoded draws from N(0, I).",
)
