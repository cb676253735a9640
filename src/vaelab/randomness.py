"""Where every random draw comes from: a generator derived from the seed and a purpose."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor


def generator(seed: int, *purpose: object, device: torch.device | str = "cpu") -> Generator:
    """A generator that depends on `seed` and `purpose` alone, such as ("noise", epoch).

    Different purposes give unrelated draws, and a run that resumes after an interruption derives
    the same generators as an uninterrupted run.
    """
    digest = hashlib.sha256(repr((seed, *purpose)).encode()).digest()
    return Generator(device).manual_seed(int.from_bytes(digest[:8], "little") >> 1)


@dataclass(frozen=True, slots=True)
class Shared:
    """Draws for the images of a batch that several processes share.

    Every process draws for all images and keeps its own rows, so that what is drawn for an image
    does not depend on how many processes there are.

    Attributes:
        generator: in the same state in every process.
        rows: of this process, among all.
        count: of all images in the batch.
    """

    generator: Generator
    rows: Tensor
    count: int


Source = Generator | Shared


def drawn(count: int, source: Source, draw: Callable[[int, Generator], Tensor]) -> Tensor:
    """`draw(count, generator)`, which gives a row for each image: the rows of these images."""
    if isinstance(source, Generator):
        return draw(count, source)
    return draw(source.count, source.generator)[source.rows]
