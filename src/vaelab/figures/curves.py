"""Losses over epochs."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vaelab.figures.style import MUTED_COLOR, TRAIN_COLOR, VALIDATION_COLOR, title
from vaelab.loaded_run import LoadedRun

PANELS = (("negative_elbo", "Total"), ("reconstruction", "Reconstruction"), ("kl", "KL"))


def curves(loaded: LoadedRun) -> Figure:
    """Training and validation total, reconstruction and KL."""
    records = loaded.run.read_metrics()
    figure = Figure(figsize=(9.6, 3.3))
    panels: list[Axes] = list(figure.subplots(1, len(PANELS)))
    unit = loaded.model.likelihood.unit
    epochs = [record["epoch"] for record in records]
    for axes, (name, heading) in zip(panels, PANELS, strict=True):
        for split, color in (("train", TRAIN_COLOR), ("validation", VALIDATION_COLOR)):
            values = [record[split][name] for record in records]
            marker = "o" if len(records) < 15 else ""
            axes.plot(epochs, values, color=color, label=split, marker=marker, markersize=3.5)
        _focus_on_later_epochs(axes, [record[s][name] for record in records for s in _SPLITS])
        axes.set_title(heading)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    panels[0].set_ylabel(f"{unit} per image")
    panels[0].legend()
    _mark_kl_weight(panels[2], epochs, [record["kl_weight"] for record in records])
    last = records[-1]["validation"]
    floor = last["reconstruction_floor"]
    title(
        figure,
        f"Losses over epochs: {loaded.run.name}",
        f"{loaded.run.data.name}; validation after the last epoch: {last['negative_elbo']:.2f} = "
        f"{last['reconstruction']:.2f} reconstruction + {last['kl']:.2f} KL"
        + ("" if floor is None else f"; floor of the reconstruction {floor:.3f}"),
    )
    return figure


_SPLITS = ("train", "validation")


def _focus_on_later_epochs(axes: Axes, values: list[float]) -> None:
    """Without the first epoch's training loss, an average that begins at random weights.

    `values` are training and validation loss in turn.
    """
    later = values[1:]
    spread = max(later) - min(later)
    if values[0] > max(later) + spread > max(later):
        axes.set_ylim(min(later) - 0.08 * spread, max(later) + 0.25 * spread)


def _mark_kl_weight(axes: Axes, epochs: list[int], weights: list[float]) -> None:
    """The weight's course, where it has one."""
    if len(set(weights)) < 2:
        return
    beside = axes.twinx()
    beside.plot(epochs, weights, color=MUTED_COLOR, linestyle=":", linewidth=1.4)
    beside.set_ylabel("KL weight (dotted)", color=MUTED_COLOR)
    beside.set_ylim(0, 1.1 * max(weights))
    beside.grid(visible=False)
