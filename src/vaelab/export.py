"""A trained model as ONNX files, for every runtime that reads them, such as a browser's.

    encoder: images (B, C, H, W) [, condition (B, K)] -> code (B, D) [, log_variance (B, D)]
    decoder: code (B, D) [, condition (B, K)]         -> images (B, C, H, W)
    prior:   noise (B, M) [, condition (B, K)]        -> code (B, D)

Images are floats in [0, 1], noise is drawn from N(0, I). The condition, weights of the classes and
one-hot for one class, is an input of conditional models. The encoder gives the posterior's mean as
the code; the log-variance is an output where the posterior is Gaussian. The prior is exported where
it is a function of noise. Any batch size B is accepted.

Letters in shapes: B batch, C channels, H height, W width, D dimensions of the flat code, K classes,
M noise dimensions.
"""

import copy
import functools
import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.onnx._internal.exporter._registration import ONNXRegistry

import vaelab
from vaelab import settings
from vaelab.errors import InputError
from vaelab.files import atomic_write
from vaelab.loaded_run import LoadedRun
from vaelab.models.contract import LatentVariableModel
from vaelab.randomness import generator
from vaelab.runs import Run

# Old enough for every runtime in use, new enough for all that the models compute.
OPSET = 18
BATCH = "batch"

# The two runtimes add in different orders; a larger difference is a fault of the export. Above 1,
# as for codes of an autoencoder, it is relative.
TOLERANCE = 1e-4
CHECKED_BATCHES = (1, 7)


class ExportError(InputError):
    """A model that cannot be exported as ONNX."""


class OnnxModel(NamedTuple):
    """The content of the files.

    Attributes:
        encoder: images to codes.
        decoder: codes to images.
        prior: noise to codes; None where the prior is not a function of noise.
    """

    encoder: bytes
    decoder: bytes
    prior: bytes | None


class _Graph(nn.Module):
    """A function of a model as a module, with the names of its outputs."""

    outputs: tuple[str, ...]

    def __init__(self, model: LatentVariableModel) -> None:
        super().__init__()
        self.model = model

    def condition(self, values: Tensor, condition: Tensor | None) -> Tensor:
        """No condition is (B, 0); by `shape`, because `len` would fix the batch size."""
        return values.new_empty(values.shape[0], 0) if condition is None else condition


class _Encoder(_Graph):
    """Images to codes and, for a Gaussian posterior, log-variances."""

    outputs = ("code", "log_variance")

    def forward(self, images: Tensor, condition: Tensor | None = None) -> tuple[Tensor, ...]:
        labels = None if condition is None else condition.argmax(1)
        posterior = self.model.posterior(images, labels)
        return (self.model.encode(images, labels).flat(),) if posterior is None else posterior


class _Decoder(_Graph):
    """Codes to the expected images."""

    outputs = ("images",)

    def forward(self, code: Tensor, condition: Tensor | None = None) -> tuple[Tensor]:
        return (self.model.decode_condition(code, self.condition(code, condition)),)


class _Prior(_Graph):
    """Noise to codes."""

    outputs = ("code",)

    def forward(self, noise: Tensor, condition: Tensor | None = None) -> tuple[Tensor]:
        return (self.model.code_from_noise(noise, self.condition(noise, condition)),)


def export_onnx(loaded: LoadedRun, out: Path) -> list[Path]:
    """Write encoder, decoder and, where it is a function of noise, the prior.

    Args:
        loaded: the trained run.
        out: `model.onnx` gives `model.encoder.onnx`, `model.decoder.onnx`, `model.prior.onnx`.

    Returns:
        The files.

    Raises:
        InputError: if `out` does not end in .onnx or cannot be written, or the model cannot be
            exported; then no file is left.
    """
    if out.suffix != ".onnx":
        raise InputError(f"{out}: expected a file name that ends in .onnx")
    parts = {name: content for name, content in to_onnx(loaded)._asdict().items() if content}
    paths = [out.with_suffix(f".{name}.onnx") for name in parts]
    with ExitStack() as stack:
        for path, content in zip(paths, parts.values(), strict=True):
            stack.enter_context(atomic_write(path)).write_bytes(content)
    return paths


def to_onnx(loaded: LoadedRun) -> OnnxModel:
    """The model as ONNX, computed on the CPU and compared with PyTorch; the same bytes each time.

    Raises:
        ExportError: if ONNX cannot express the model, or onnxruntime computes other numbers.
    """
    if loaded.model.likelihood.is_sequential:
        raise ExportError(
            f"{loaded.run.path} cannot be exported as ONNX: its likelihood is "
            "autoregressive, which decodes an image value after value"
        )
    model, metadata = copy.deepcopy(loaded.model).cpu(), _metadata(loaded.run)
    try:
        images, code, condition = _examples(model, max(CHECKED_BATCHES))
        prior = None
        if model.capabilities.can_sample_from_noise:
            noise = _noise(max(CHECKED_BATCHES), model.noise_size)
            prior = _converted(_Prior(model), {"noise": noise} | condition, metadata)
        return OnnxModel(
            _converted(_Encoder(model), {"images": images} | condition, metadata),
            _converted(_Decoder(model), {"code": code} | condition, metadata),
            prior,
        )
    except InputError:
        raise
    except Exception as error:  # of many libraries: PyTorch, its exporter, ONNX, onnxruntime
        reason = _reason(error)
        raise ExportError(f"{loaded.run.path} cannot be exported as ONNX: {reason}") from error


def _reason(error: Exception) -> str:
    """One line; the exporter's own says little about the most frequent cause."""
    text = str(error).strip() or type(error).__name__
    if f"You marked {BATCH} as dynamic but your code specialized it" in text:
        return "its code fixes the batch size; use x.shape[0] in place of len(x)"
    return text.splitlines()[0]


def _metadata(run: Run) -> dict[str, str]:
    """What a file must say to be understood without its run folder."""
    # The path of the images on this machine is private.
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
    """Images like those that the model generates, their codes, and every class in turn."""
    noise = _noise(count, model.latent_size)
    labels = torch.arange(count) % model.class_count if model.is_conditional else None
    images = model.decode(noise, labels)
    condition = {} if labels is None else {"condition": model.condition(labels, noise)}
    return images, model.encode(images, labels).flat(), condition


def _noise(count: int, size: int) -> Tensor:
    return torch.empty(count, size).normal_(generator=generator(0, "export"))


def _converted(graph: _Graph, inputs: dict[str, Tensor], metadata: dict[str, str]) -> bytes:
    graph.eval()
    with torch.no_grad():
        expected = graph(*inputs.values())
    proto = _exported(graph, inputs, graph.outputs[: len(expected)])
    _clean(proto)
    onnx.helper.set_model_props(proto, metadata)
    content: bytes = proto.SerializeToString(deterministic=True)
    _check(content, graph, inputs)
    return content


def _exported(
    graph: _Graph, inputs: dict[str, Tensor], output_names: Sequence[str]
) -> onnx.ModelProto:
    batch = torch.export.Dim(BATCH, min=1)
    with _quiet(), _one_registry(), torch.no_grad():
        program = torch.export.export(
            graph,
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
    """Without the exporter's messages about itself and about packages that are not needed."""
    registry = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = registry.level
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)`", FutureWarning)
        registry.setLevel(logging.ERROR)
        try:
            yield
        finally:
            registry.setLevel(level)


_translations = functools.cache(ONNXRegistry.from_torchlib)


@contextmanager
def _one_registry() -> Iterator[None]:
    """Have all graphs use one table of translations to ONNX.

    PyTorch makes one for each graph, which takes more than half of the time of an
    export. Exports by other code make their own tables as before, because they may change them.
    """
    original = vars(ONNXRegistry)["from_torchlib"]
    ONNXRegistry.from_torchlib = staticmethod(_translations)  # type: ignore[method-assign]
    try:
        yield
    finally:
        ONNXRegistry.from_torchlib = original  # type: ignore[method-assign]


def _clean(proto: onnx.ModelProto) -> None:
    """Remove the exporter's notes on the source code, which hold paths of this machine."""
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


def _check(content: bytes, graph: _Graph, inputs: dict[str, Tensor]) -> None:
    """Compare onnxruntime with PyTorch at several batch sizes.

    Raises:
        ExportError: with the largest difference.
    """
    for size in CHECKED_BATCHES:
        some = {name: value[:size] for name, value in inputs.items()}
        with torch.no_grad():
            expected = [output.numpy() for output in graph(*some.values())]
        found = run_onnx(content, {name: value.numpy() for name, value in some.items()})
        for name, wanted in zip(found, expected, strict=True):
            difference = float(np.abs(found[name] - wanted).max())
            if not difference <= TOLERANCE * max(1.0, float(np.abs(wanted).max())):
                raise ExportError(
                    f"the model cannot be exported: {name} in onnxruntime differs from PyTorch's "
                    f"by {difference:.2g} at a batch of {size}; nothing was written. Are all "
                    "weights finite? If so, other versions of onnxscript and onnxruntime may help"
                )


def run_onnx(
    content: bytes, inputs: dict[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """Compute an ONNX model on the CPU.

    Args:
        content: of the file.
        inputs: arrays by name; those that the model does not have are ignored.

    Returns:
        The outputs by name.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a pool of threads costs more than it saves here
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    known = {end.name for end in session.get_inputs()}
    names = [output.name for output in session.get_outputs()]
    given = {name: value for name, value in inputs.items() if name in known}
    return dict(zip(names, session.run(names, given), strict=True))
