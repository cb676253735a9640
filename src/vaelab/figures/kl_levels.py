"""KL of each level of a model with several levels of latent variables."""

import torch
from matplotlib.figure import Figure

from vaelab.arithmetic import exact
from vaelab.figures.spec import Drawing, FigureSpec
from vaelab.figures.style import TRAIN_COLOR
from vaelab.figures.traversals import MEASURED_COUNT
from vaelab.loaded_run import BATCH_SIZE, LoadedRun
from vaelab.randomness import generator


@torch.no_grad()
def draw_kl_levels(loaded: LoadedRun) -> Drawing:
    """Mean KL over test images, one bar for each level."""
    data = loaded.data.test.first(MEASURED_COUNT)
    noise = generator(0, "kl levels", device=loaded.device)
    sums = dict.fromkeys(loaded.capabilities.kl_levels, 0.0)
    for batch in loaded.batches(data).in_order(BATCH_SIZE, noise):
        terms = loaded.model(batch.x, batch.labels, noise)
        for level, kl in terms.kl.items():
            sums[level] += exact(kl).sum().item()
    names = list(sums)
    means = [total / len(data) for total in sums.values()]
    figure = Figure(figsize=(6.6, 1.5 + 0.4 * len(names)))
    axes = figure.add_subplot()
    bars = axes.barh(names, means, color=TRAIN_COLOR)
    axes.bar_label(bars, [f"{mean:.2f}" for mean in means], padding=4)
    axes.margins(x=0.12)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("KL, nats per image")
    return Drawing(
        figure,
        f"at one draw from the posterior; {len(data):,} {loaded.run.data.name} test images",
    )


KL_LEVELS = FigureSpec(
    draw=draw_kl_levels,
    title="KL of each level",
    alt="Bars: the mean KL of each level of latent variables of {run}, in nats.",
    caption="Nats that each level of latent variables carries, on average.",
    group="Latent space",
    needs=("several levels",),
)
