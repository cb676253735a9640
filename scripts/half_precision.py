"""Weights and constants in half precision, and the losses that show whether they may be."""

from collections.abc import Mapping

import numpy as np
import onnx
import torch
from torch import Tensor

from vaelab.config import DataConfig
from vaelab.data import load_data
from vaelab.data.batches import Batches
from vaelab.loaded_run import LoadedRun
from vaelab.models.contract import LatentVariableModel
from vaelab.models.importance import importance_bound
from vaelab.randomness import generator
from vaelab.runs import Run
from vaelab.training.validation import validate

COMPARED_IMAGES, COMPARED_DRAWS = 1000, 20
# Constants with fewer numbers stay as they are.
LEAST_HALVED = 1000
# Garments on which any machine can repeat a measurement without downloads.
GARMENTS = DataConfig(name="wardrobe", train_count=10, test_count=200)


def in_half_precision(
    tensors: Mapping[str, Tensor], model: LatentVariableModel
) -> dict[str, Tensor]:
    """The tensors with all parameters in half precision; buffers stay as they are."""
    parameters = {name for name, _ in model.named_parameters()}
    return {
        name: value.half() if name in parameters and value.dtype == torch.float32 else value
        for name, value in tensors.items()
    }


@torch.no_grad()
def losses(loaded: LoadedRun) -> dict[str, float]:
    """Negative ELBO (or reconstruction) and NLL of the first test images."""
    batches = loaded.batches(loaded.data.test.first(COMPARED_IMAGES))
    found = measured_loss(loaded.model, batches)
    if loaded.capabilities.has_density:
        draws = generator(0, "importance")
        bounds = [
            importance_bound(
                loaded.model, batch.x, batch.labels, k=COMPARED_DRAWS, generator=draws
            ).log_likelihood
            for batch in batches.in_order(100, generator(0, "binarize", device=loaded.device))
        ]
        found["negative_log_likelihood"] = -float(torch.cat(bounds).mean())
    return found


def measured_loss(model: LatentVariableModel, batches: Batches) -> dict[str, float]:
    """The mean loss of images: the negative ELBO, or the reconstruction where there is no prior."""
    means = validate(model, batches, generator(0, "evaluation")).means
    name = "negative_elbo" if "negative_elbo" in means else "reconstruction"
    return {name: means[name]}


def loss_of_garments(run: Run) -> dict[str, float]:
    """The loss of a run on rendered garments, which it was not trained on."""
    loaded = LoadedRun(run)
    batches = Batches(load_data(GARMENTS).test, loaded.device, binarize=run.config.data.binarize)
    return measured_loss(loaded.model, batches)


def with_small_constants(content: bytes) -> bytes:
    """An ONNX model whose constants are in half precision where that changes no value."""
    proto = onnx.load_from_string(content)
    casts = []
    for constant in proto.graph.initializer:
        values = onnx.numpy_helper.to_array(constant)
        with np.errstate(over="ignore"):
            halves = values.astype(np.float16)
        is_small = values.size < LEAST_HALVED or values.dtype != np.float32
        if is_small or not (halves.astype(np.float32) == values).all():
            continue
        name = constant.name
        constant.CopyFrom(onnx.numpy_helper.from_array(halves, f"{name}.half"))
        casts.append(
            onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT)
        )
    nodes = [*casts, *proto.graph.node]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    smaller: bytes = proto.SerializeToString(deterministic=True)
    return smaller
