"""The installation: versions, devices, data and optional packages."""

import importlib.util
import platform
import sys
from importlib import metadata

import torch

import vaelab
from vaelab.cache import ADVICE, cache_folder, temporary_cache_folder, usual_cache_folder
from vaelab.data import fashion_mnist
from vaelab.devices import device_for, gpu
from vaelab.errors import InputError
from vaelab.training.precision import BFLOAT16, FLOAT32, cpu_flags, has_native_bfloat16

# Optional packages, each with its module and the extra that installs it.
OPTIONAL = {
    "optuna": ("optuna", "optuna"),
    "ray": ("ray", "ray"),
    "tensorboard": ("tensorboard", "tensorboard"),
    "umap-learn": ("umap", "umap"),
}
REQUIRED = ("torch", "numpy", "lightning-fabric", "safetensors", "matplotlib", "scikit-learn")


def examine() -> dict[str, str]:
    """Versions, devices, data and optional packages, as text by name."""
    found = {"vaelab": vaelab.__version__, "python": platform.python_version()}
    found |= {name: metadata.version(name) for name in REQUIRED}
    found["cpu threads"] = str(torch.get_num_threads())
    found["gpu"] = _gpu()
    found["precision auto"] = _precision()
    found["fashion-mnist"] = _fashion_mnist()
    found["cache"] = _cache()
    found["output"] = _output()
    for package, (module, extra) in OPTIONAL.items():
        is_installed = importlib.util.find_spec(module) is not None
        advice = f"not installed; pip install 'vaelab[{extra}]'"
        found[package] = metadata.version(package) if is_installed else advice
    return found


def _gpu() -> str:
    device = gpu()
    if device is None:
        return "none"
    return torch.cuda.get_device_name() if device.type == "cuda" else f"Apple's ({device.type})"


def _precision() -> str:
    """What `--precision auto` takes on the device that training takes."""
    device = device_for("auto")
    flags = f"the processor has {', '.join(cpu_flags()) or 'no bfloat16 instructions'}"
    why = flags if device.type == "cpu" else _gpu()
    return f"{BFLOAT16 if has_native_bfloat16(device) else FLOAT32} ({why})"


def _cache() -> str:
    folder = cache_folder()
    if folder != temporary_cache_folder():
        return str(folder)
    return (
        f"{folder}, which may be deleted, in place of {usual_cache_folder() or 'a home folder'}; "
        f"{ADVICE}"
    )


def _output() -> str:
    """The encoding of standard output."""
    encoding = sys.stdout.encoding.lower()
    if encoding == "utf-8":
        return encoding
    return f"{encoding}, which lacks some characters; set PYTHONIOENCODING=utf-8"


def _fashion_mnist() -> str:
    try:
        folder = fashion_mnist.find_folder()
    except InputError as error:
        return str(error)
    return "not found; run: vaelab data fetch" if folder is None else str(folder)
