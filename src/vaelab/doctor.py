"""What this machine has of what vaelab can use."""

import importlib.util
import platform
from importlib import metadata

import torch

import vaelab
from vaelab.data import fashion_mnist
from vaelab.errors import InputError

OPTIONAL = {"tensorboard": "tensorboard", "umap-learn": "umap"}
REQUIRED = ("torch", "numpy", "lightning-fabric", "safetensors", "matplotlib", "scikit-learn")


def examine() -> dict[str, str]:
    """Versions, devices, data and optional packages, in words."""
    found = {"vaelab": vaelab.__version__, "python": platform.python_version()}
    found |= {name: metadata.version(name) for name in REQUIRED}
    found["cpu threads"] = str(torch.get_num_threads())
    found["gpu"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    found["fashion-mnist"] = _fashion_mnist()
    for package, module in OPTIONAL.items():
        is_there = importlib.util.find_spec(module) is not None
        extra = "umap" if package == "umap-learn" else package
        found[package] = (
            metadata.version(package) if is_there else f"missing; pip install 'vaelab[{extra}]'"
        )
    return found


def _fashion_mnist() -> str:
    try:
        folder = fashion_mnist.find_folder()
    except InputError as error:
        return str(error)
    return "not on disk; vaelab data fetch" if folder is None else str(folder)
