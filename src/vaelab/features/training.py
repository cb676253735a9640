"""Training a classifier on labeled images, in a folder from which it can be resumed.

Letters in shapes: B batch, C channels, H height, W width, K classes.
"""

import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor
from torch.nn import functional
from torch.optim import SGD
from tqdm import tqdm

import vaelab
from vaelab import settings
from vaelab.arithmetic import exact
from vaelab.config import ClassifierConfig, ClassifierTrainingConfig, check
from vaelab.data import Dataset, ImageData, training_split
from vaelab.data.batches import Batches
from vaelab.data.splits import ImageRows
from vaelab.data.summary import level_counts
from vaelab.documents import parse_json, read_json, read_text, well_formed
from vaelab.errors import InputError
from vaelab.features.classifier import (
    CARD,
    NormalizingClassifier,
    ReferenceClassifier,
    initial_network,
    load_classifier,
    save_classifier,
)
from vaelab.features.extractor import BATCH_SIZE, CPU, in_batches
from vaelab.files import write_json, write_text
from vaelab.models import ImageShape
from vaelab.presets import CLASSIFIER_PRESETS
from vaelab.randomness import generator
from vaelab.runs import (
    DataCard,
    data_card_from,
    load_weights,
    read_tensors,
    write_tensors,
)
from vaelab.training.hardware import Hardware, flushed_denormals
from vaelab.training.optimization import (
    SCHEDULES,
    optimizer_tensors,
    prefixed,
    restore_optimizer,
    set_learning_rate,
    unprefixed,
)
from vaelab.training.precision import AUTO, FLOAT32

CONFIG, CHECKPOINT, RECORDS = "config.json", "checkpoint.safetensors", "metrics.jsonl"


def train_classifier(
    config: ClassifierConfig,
    out: Path,
    dataset: Dataset,
    *,
    hardware: Hardware | None = None,
    show_progress: bool = True,
) -> ReferenceClassifier:
    """Train a classifier in the folder `out`, or resume its training; then test it.

    Nothing is selected by the test images: the schedule is fixed and its end is the classifier.

    Raises:
        InputError: if the images have no labels, or the folder holds another classifier.
    """
    check(config)
    hardware = hardware or Hardware()
    is_float32 = hardware.precision in (AUTO, FLOAT32)
    if (hardware.devices, hardware.nodes) != (1, 1) or not is_float32:
        raise InputError(
            "a classifier is trained in one process, in float32: leave --devices, --nodes and "
            "--precision as they are"
        )
    # A classifier is shared, so its card has no path; fingerprints identify the images.
    data = replace(DataCard.of(dataset), source="")
    if dataset.train.labels is None:
        raise InputError(f"{dataset.name} has no labels to train a classifier on")
    _require_same(out, config, data)
    if (out / CARD).exists():
        return load_classifier(out)
    write_json(out / CONFIG, {**settings.to_dict(config), "data_card": asdict(data)})

    from vaelab.training.launching import launch

    device = launch(hardware).device
    train, validation = Batches.to_train(dataset, config.data, device)
    network = initial_network(config, ImageShape(*data.shape), len(data.class_names)).to(device)
    optimizer = _optimizer(network, config.training)
    records = _resume(out, network, optimizer)
    if not records:
        _set_normalization(network, training_split(dataset, config.data)[0])
    with flushed_denormals():
        for epoch in range(len(records), config.training.epochs):
            start = time.perf_counter()
            loss = _train_epoch(network, optimizer, train, config, epoch, is_shown=show_progress)
            records.append(
                {
                    "epoch": epoch + 1,
                    "train_cross_entropy_nats": loss,
                    "validation_accuracy": _accuracy(_confusion(network, validation)),
                    "seconds": time.perf_counter() - start,
                }
            )
            _save(out, network, optimizer, records)
        test = Batches(dataset.test, device, binarize=config.data.binarize)
        confusion = _confusion(network, test)
    return save_classifier(out, network.cpu(), _card(config, data, network, confusion))


def train_network(
    config: ClassifierConfig, data: ImageData, device: torch.device = CPU
) -> NormalizingClassifier:
    """Train a network on images alone, without a folder, a test or a card."""
    shape = tuple(data.images.shape[1:])
    network = initial_network(config, ImageShape(*shape), len(data.class_names)).to(device)
    optimizer = _optimizer(network, config.training)
    train = Batches(data, device)
    _set_normalization(network, ImageRows(data))
    with flushed_denormals():
        for epoch in range(config.training.epochs):
            _train_epoch(network, optimizer, train, config, epoch, is_shown=False)
    return network.eval()


def _optimizer(network: NormalizingClassifier, training: ClassifierTrainingConfig) -> SGD:
    return SGD(
        network.parameters(),
        lr=training.learning_rate,
        momentum=training.momentum,
        weight_decay=training.weight_decay,
        nesterov=True,
        fused=True,
    )


def _set_normalization(network: NormalizingClassifier, train: ImageRows) -> None:
    levels, counts = np.arange(256) / 255, level_counts(train)
    mean = counts @ levels / counts.sum()
    variance = counts @ (levels - mean) ** 2 / (counts.sum() - 1)
    network.mean.fill_(float(mean))
    # Images of one gray value have no variance.
    network.deviation.fill_(math.sqrt(variance) or 1.0)


@torch.enable_grad()
def _train_epoch(
    network: NormalizingClassifier,
    optimizer: SGD,
    train: Batches,
    config: ClassifierConfig,
    epoch: int,
    *,
    is_shown: bool,
) -> float:
    """Train for one epoch; returns the mean loss."""
    training = config.training
    steps = math.ceil(len(train) / training.batch_size)
    order = generator(config.seed, "order", epoch)
    noise = generator(config.seed, "augmentation", epoch, device=train.device)
    losses = []
    network.train()
    batches = tqdm(
        train.shuffled(training.batch_size, order, noise),
        total=steps,
        desc=f"epoch {epoch + 1} of {training.epochs}",
        file=sys.stderr,
        disable=not is_shown,
        dynamic_ncols=True,
        leave=False,
    )
    for step, batch in enumerate(batches):
        if len(batch) == 1:
            continue  # batch normalization has no variance of one image
        share = (epoch + step / steps) / training.epochs
        set_learning_rate(optimizer, training.learning_rate * SCHEDULES["one-cycle"](share))
        assert batch.labels is not None
        x = augmented(batch.x, training.shift_pixels, noise, is_flipped=training.flip)
        logits = network(x).logits
        loss = functional.cross_entropy(
            logits, batch.labels, label_smoothing=training.label_smoothing
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach() * len(batch))
    mean = exact(torch.stack(losses)).sum().item() / len(train)
    if not math.isfinite(mean):
        raise InputError(f"epoch {epoch + 1}: the loss is not finite; lower training.learning_rate")
    return mean


def augmented(
    x: Float[Tensor, "B C H W"], shift_pixels: int, noise: Generator, *, is_flipped: bool
) -> Float[Tensor, "B C H W"]:
    """Images shifted by up to `shift_pixels` in each direction and randomly mirrored.

    Small images are shifted by at most an eighth of their shorter side.
    """
    count, _, height, width = x.shape
    shift_pixels = min(shift_pixels, min(height, width) // 8)
    padded = functional.pad(x, (shift_pixels,) * 4)

    def drawn(bound: int) -> Int[Tensor, "B 1"]:
        return torch.randint(bound, (count, 1), generator=noise, device=x.device)

    rows = torch.arange(height, device=x.device) + drawn(2 * shift_pixels + 1)
    columns = torch.arange(width, device=x.device) + drawn(2 * shift_pixels + 1)
    if is_flipped:
        columns = torch.where(drawn(2) == 1, columns.flip(1), columns)
    images = torch.arange(count, device=x.device)[:, None, None]
    # Indices around a slice put the sliced dimension last.
    return padded[images, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _confusion(network: NormalizingClassifier, batches: Batches) -> Int[Tensor, "K K"]:
    """Counts of images, a row per true class, a column per predicted class."""
    network.eval()
    noise = generator(0, "binarize", device=batches.device)
    predicted, true = [], []
    for batch in batches.in_order(BATCH_SIZE, noise):
        assert batch.labels is not None
        logits = in_batches(network, batch.x, batch.x.device).logits
        assert logits is not None
        predicted.append(logits.argmax(1))
        true.append(batch.labels.cpu())
    return confusion_matrix(
        torch.cat(true), torch.cat(predicted), network.classifier.head.out_features
    )


def _accuracy(confusion: Int[Tensor, "K K"]) -> float:
    return confusion.trace().item() / confusion.sum().item()


def confusion_matrix(
    true: Int[Tensor, " N"], predicted: Int[Tensor, " N"], class_count: int
) -> Int[Tensor, "K K"]:
    """How often each true class (row) was predicted as each class (column)."""
    pairs = true * class_count + predicted
    return torch.bincount(pairs, minlength=class_count**2).view(class_count, class_count).cpu()


def _save(
    out: Path, network: NormalizingClassifier, optimizer: SGD, records: Sequence[dict[str, Any]]
) -> None:
    """Write the records, then the checkpoint, which says how many of them are valid."""
    write_text(out / RECORDS, "".join(json.dumps(record) + "\n" for record in records))
    write_tensors(
        out / CHECKPOINT,
        {
            "epochs_done": torch.tensor(len(records)),
            **prefixed("network", network.state_dict()),
            **prefixed("optimizer", optimizer_tensors(optimizer)),
        },
    )


def _resume(out: Path, network: NormalizingClassifier, optimizer: SGD) -> list[dict[str, Any]]:
    """Restore the state of the folder's checkpoint; returns the records of its epochs."""
    path = out / CHECKPOINT
    if not path.exists():
        return []
    tensors = read_tensors(path)
    load_weights(network, unprefixed("network", tensors), path)
    with well_formed(path, f"delete {out} to start again"):
        restore_optimizer(optimizer, unprefixed("optimizer", tensors))
        lines = read_text(out / RECORDS).splitlines()[: int(tensors["epochs_done"])]
    return [parse_json(line, str(out / RECORDS)) for line in lines]


def _require_same(out: Path, config: ClassifierConfig, data: DataCard) -> None:
    """Refuse a folder that holds something else."""
    path = out / CONFIG
    if not path.exists():
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise InputError(f"{out} exists and holds no classifier; choose another --out")
        return
    values = read_json(path)
    card = values.pop("data_card", None)
    there = settings.from_dict(values, ClassifierConfig)
    differing = settings.differences(there, config)
    if card is not None and data_card_from(card).train_fingerprint != data.train_fingerprint:
        differing.append("training images")
    if differing:
        raise InputError(
            f"{out} holds a classifier with other settings (found / expected): "
            f"{'; '.join(differing)}; "
            "choose another --out or delete that folder"
        )


def _card(
    config: ClassifierConfig, data: DataCard, network: NormalizingClassifier, confusion: Tensor
) -> dict[str, Any]:
    return {
        "config": settings.to_dict(config),
        "data": asdict(data),
        "command": _command(config),
        "parameter_count": sum(weights.numel() for weights in network.parameters()),
        "test_count": int(confusion.sum()),
        "test_accuracy": _accuracy(confusion),
        "confusion": confusion.tolist(),
        "versions": {"vaelab": vaelab.__version__, "torch": torch.__version__},
    }


def _command(config: ClassifierConfig) -> str:
    """The command that trains this classifier."""
    usual = dict(settings.describe_fields(CLASSIFIER_PRESETS[config.preset]()))
    changed = [
        f"--set {name}={text}"
        for name, text in settings.describe_fields(config)
        if usual.get(name) != text
    ]
    return " ".join(["vaelab train", config.preset, *changed])
