"""Where every random draw comes from: a generator derived from the seed and a purpose."""

import hashlib

import torch
from torch import Generator


def generator(seed: int, *purpose: object, device: torch.device | str = "cpu") -> Generator:
    """A generator that depends on `seed` and `purpose` alone, such as ("noise", epoch).

    Different purposes give unrelated draws, and a run that goes on after an interruption derives
    the same generators as one that was never interrupted.
    """
    digest = hashlib.sha256(repr((seed, *purpose)).encode()).digest()
    return Generator(device).manual_seed(int.from_bytes(digest[:8], "little") >> 1)
