"""The explorer's data of a trained run, from which a browser walks its latent space: RUN/explorer/.

    encoder.onnx, decoder.onnx   the model
    prior.onnx                   draws of the prior from noise, where it is a function of noise
    codes.safetensors            codes of the test images shown, their labels, coordinates of maps
    images.png                   those images as one picture (a sprite sheet)
    samples.png                  stored samples, where the prior is not a function of noise
    explorer.json                the meaning of the numbers, and which weights they belong to

A model that cannot be exported has only explorer.json, with the reason. A report packs these files
and computes nothing.
"""

from vaelab.explorer.content import (
    Dimension,
    Explorer,
    LatentMap,
    Plane,
    Sprite,
)
from vaelab.explorer.reading import images_note, read_explorer
from vaelab.explorer.writing import write_explorer

__all__ = [
    "Dimension",
    "Explorer",
    "LatentMap",
    "Plane",
    "Sprite",
    "images_note",
    "read_explorer",
    "write_explorer",
]
