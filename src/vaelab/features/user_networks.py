"""Feature extractors of the user: a torch module, a function, or an ONNX file.

Letters in shapes: B images of a batch, C channels, H height, W width, F features.
"""

import copy
import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from jaxtyping import Float
from torch import Tensor, nn

from vaelab.errors import InputError
from vaelab.features.extractor import FeatureExtractor
from vaelab.randomness import generator

# Images by whose features a function is identified.
PROBE_COUNT = 8


def module_extractor(
    module: nn.Module, shape: tuple[int, int, int], name: str | None = None
) -> FeatureExtractor:
    """A torch module in evaluation mode; a copy, so that the user's own is left as it is.

    The fingerprint is that of its weights, its structure and the source of its class.

    Raises:
        InputError: if it does not map images of this shape to features.
    """
    digest = hashlib.sha256(repr(module).encode())
    digest.update(_source(type(module)).encode())
    for key, value in module.state_dict().items():
        content = value.detach().cpu().contiguous().flatten().view(torch.uint8)
        digest.update(key.encode() + content.numpy().tobytes())
    return _tried(
        FeatureExtractor(
            name or type(module).__name__,
            digest.hexdigest(),
            copy.deepcopy(module).eval().requires_grad_(requires_grad=False),
        ),
        shape,
    )


def _source(kind: type) -> str:
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):  # not defined in a file, but in a shell
        return kind.__qualname__


def function_extractor(
    function: Callable[[Tensor], Tensor], shape: tuple[int, int, int], name: str | None = None
) -> FeatureExtractor:
    """A function of a batch of images.

    Its code does not identify what it computes, so the fingerprint is that of the features of fixed
    images; it may differ between processors, which round differently.

    Raises:
        InputError: if it does not map images of this shape to features.
    """
    name = name or str(getattr(function, "__name__", type(function).__name__))
    features = FeatureExtractor(name, "", function)(_probe(shape)).features
    digest = hashlib.sha256(features.contiguous().numpy().tobytes()).hexdigest()
    return FeatureExtractor(name, digest, function)


def onnx_extractor(
    path: Path, shape: tuple[int, int, int], name: str | None = None
) -> FeatureExtractor:
    """An ONNX file with one input, images (B, C, H, W); its first output are the features (B, F).

    It runs on the CPU. The fingerprint is that of the file.

    Raises:
        InputError: if the file cannot be read, or does not map images of this shape to features.
    """
    try:
        content = path.read_bytes()
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    # onnxruntime has an exception for each way in which a file can be damaged.
    except Exception as error:
        raise InputError(f"{path} is not an ONNX file that onnxruntime can run: {error}") from error
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise InputError(
            f"{path}: expected one input, images (N, C, H, W), found {len(inputs)}: "
            f"{', '.join(each.name for each in inputs)}"
        )
    if isinstance(inputs[0].shape[0], int):
        raise InputError(
            f"{path} takes batches of {inputs[0].shape[0]} alone; export it with a dynamic batch "
            "dimension"
        )

    def features(batch: Float[Tensor, "B C H W"]) -> Tensor:
        outputs = session.run(None, {inputs[0].name: batch.cpu().numpy().astype(np.float32)})
        return torch.from_numpy(np.asarray(outputs[0]))

    digest = hashlib.sha256(content).hexdigest()
    return _tried(FeatureExtractor(name or path.name, digest, features), shape)


def _tried(extractor: FeatureExtractor, shape: tuple[int, int, int]) -> FeatureExtractor:
    """The extractor, once it has given features of images of this shape."""
    extractor(_probe(shape))
    return extractor


def _probe(shape: tuple[int, int, int]) -> Float[Tensor, "B C H W"]:
    return torch.rand(PROBE_COUNT, *shape, generator=generator(0, "probe images"))
