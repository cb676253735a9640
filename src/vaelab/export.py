"""A trained model as two ONNX files, for every runtime that reads them, a browser's among them.

    encoder: images (B, C, H, W) [, condition (B, K)] -> mean (B, D) [, log_variance (B, D)]
    decoder: codes (B, D) [, condition (B, K)]        -> images (B, C, H, W)

Images are floats in [0, 1]; the condition, weights of the classes and one-hot for one, is there
for a conditional model only, the log-variance for a VAE only. Any batch size B will do.

Letters in shapes: B batch, C channels, H height, W width, D latent dimensions, K classes.
"""

import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import vaelab
from vaelab import settings
from vaelab.errors import InputError
from vaelab.files import written_whole
from vaelab.loaded_run import LoadedRun
from vaelab.models import LatentVariableModel
from vaelab.randomness import generator
from vaelab.runs import Run

# Old enough for every runtime in use, new enough for all that the models compute.
OPSET = 18
BATCH = "batch"

# The two runtimes add up in other orders; more than rounding is a fault of the export. Of numbers
# over 1, such as the codes of an autoencoder, their size counts.
TOLERANCE = 1e-4
CHECKED_BATCHES = (1, 7)


class OnnxModel(NamedTuple):
    """The content of the two files."""

    encoder: bytes
    decoder: bytes


class ExportedModel(NamedTuple):
    """The two files."""

    encoder: Path
    decoder: Path


class _Encoder(nn.Module):
    """Images to the parameters of the posterior."""

    def __init__(self, model: LatentVariableModel) -> None:
        super().__init__()
        self.network = model.encoder
        self.posterior_of = model.posterior_of

    def forward(self, images: Tensor, condition: Tensor | None = None) -> tuple[Tensor, ...]:
        encoded = self.network(images, _none_like(images) if condition is None else condition)
        return tuple(self.posterior_of(encoded))


class _Decoder(nn.Module):
    """Codes to the expected images."""

    def __init__(self, model: LatentVariableModel) -> None:
        super().__init__()
        self.network = model.decoder
        self.likelihood = model.likelihood

    def forward(self, codes: Tensor, condition: Tensor | None = None) -> tuple[Tensor]:
        decoded = self.network(codes if condition is None else torch.cat([codes, condition], 1))
        return (self.likelihood.mean(decoded),)


def _none_like(images: Tensor) -> Tensor:
    """No condition (B, 0); by `shape`, because `len` would fix the batch size."""
    return images.new_empty(images.shape[0], 0)


def export_onnx(loaded: LoadedRun, out: Path) -> ExportedModel:
    """Write encoder and decoder beside each other, checked against PyTorch.

    Args:
        loaded: the trained run.
        out: `model.onnx` gives `model.encoder.onnx` and `model.decoder.onnx`.

    Raises:
        InputError: if `out` is no .onnx file, cannot be written, or onnxruntime computes
            something else than PyTorch; then no file is left.
    """
    if out.suffix != ".onnx":
        raise InputError(f"{out}: expected a name that ends in .onnx")
    model = to_onnx(loaded)
    paths = ExportedModel(*(out.with_suffix(f".{part}.onnx") for part in model._fields))
    with written_whole(paths.encoder) as encoder, written_whole(paths.decoder) as decoder:
        encoder.write_bytes(model.encoder)
        decoder.write_bytes(model.decoder)
    return paths


def to_onnx(loaded: LoadedRun) -> OnnxModel:
    """Encoder and decoder as ONNX, checked against PyTorch; the same bytes each time.

    Raises:
        InputError: if onnxruntime computes something else than PyTorch.
    """
    model, metadata = loaded.model, _metadata(loaded.run)
    images, codes, condition = _examples(model, max(CHECKED_BATCHES))
    return OnnxModel(
        _converted(_Encoder(model), {"images": images} | condition, metadata),
        _converted(_Decoder(model), {"codes": codes} | condition, metadata),
    )


def _metadata(run: Run) -> dict[str, str]:
    """What a file must say to be understood without its run folder."""
    # Where the images lay on this machine is nobody else's business.
    config = replace(run.config, data=replace(run.config.data, path=None))
    return {
        "run": run.name,
        "preset": run.config.preset,
        "data": run.data.name,
        "class_names": json.dumps(run.data.class_names),
        "vaelab_version": vaelab.__version__,
        "config": json.dumps(settings.to_dict(config), sort_keys=True),
    }


@torch.no_grad()
def _examples(model: LatentVariableModel, count: int) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Images like those that the model makes, codes of such, and every class in turn."""
    noise = generator(0, "export")
    codes = torch.empty(count, model.latent_size).normal_(generator=noise)
    labels = torch.arange(count) % model.class_count if model.is_conditional else None
    images = model.decode(codes, labels)
    condition = {} if labels is None else {"condition": model.condition(labels, codes)}
    return images, model.encode(images, labels).mean, condition


def _converted(module: nn.Module, inputs: dict[str, Tensor], metadata: dict[str, str]) -> bytes:
    module.eval()
    with torch.no_grad():
        expected = module(*inputs.values())
    outputs = ("mean", "log_variance") if isinstance(module, _Encoder) else ("images",)
    proto = _exported(module, inputs, outputs[: len(expected)])
    _clean(proto)
    onnx.helper.set_model_props(proto, metadata)
    content: bytes = proto.SerializeToString(deterministic=True)
    _check(content, module, inputs)
    return content


def _exported(
    module: nn.Module, inputs: dict[str, Tensor], output_names: Sequence[str]
) -> onnx.ModelProto:
    batch = torch.export.Dim(BATCH, min=1)
    with _quiet(), torch.no_grad():
        program = torch.export.export(
            module,
            tuple(inputs.values()),
            dynamic_shapes=tuple({0: batch} for _ in inputs),
            strict=False,
        )
        exported = torch.onnx.export(
            program,
            dynamo=True,
            input_names=list(inputs),
            output_names=list(output_names),
            opset_version=OPSET,
            verbose=False,
        )
    assert exported is not None
    return exported.model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter says of packages that nothing here needs, and of itself."""
    registry = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = registry.level
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)`", FutureWarning)
        registry.setLevel(logging.ERROR)
        try:
            yield
        finally:
            registry.setLevel(level)


def _clean(proto: onnx.ModelProto) -> None:
    """Take out what the exporter notes of the source, paths of this machine among it."""
    graph = proto.graph
    ends = [*graph.input, *graph.output]
    for noted in (proto, graph, *graph.node, *graph.initializer, *ends):
        noted.ClearField("metadata_props")
        noted.ClearField("doc_string")
    graph.ClearField("value_info")
    for end in ends:
        for size in end.type.tensor_type.shape.dim:
            if size.dim_param:
                size.dim_param = BATCH


def _check(content: bytes, module: nn.Module, inputs: dict[str, Tensor]) -> None:
    """Refuse what onnxruntime computes otherwise than PyTorch, at any batch size.

    Raises:
        InputError: with the largest difference.
    """
    for size in CHECKED_BATCHES:
        some = {name: value[:size] for name, value in inputs.items()}
        with torch.no_grad():
            expected = [output.numpy() for output in module(*some.values())]
        found = run_onnx(content, {name: value.numpy() for name, value in some.items()})
        for name, wanted in zip(found, expected, strict=True):
            difference = float(np.abs(found[name] - wanted).max())
            if not difference <= TOLERANCE * max(1.0, float(np.abs(wanted).max())):
                raise InputError(
                    f"the model cannot be exported: {name} in onnxruntime differs from PyTorch's "
                    f"by {difference:.2g} at a batch of {size}; nothing was written. Are all "
                    "weights finite? If so, other versions of onnxscript and onnxruntime may help"
                )


def run_onnx(
    content: bytes, inputs: dict[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """Compute an ONNX model on the CPU; arrays by name in, arrays by name out."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a pool of threads costs more than it saves here
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))
