"""The real images, the same for every contender."""

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.training_speed.job import Job
from vaelab.config import DataConfig
from vaelab.data import load_data


def training_bytes(job: Job) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (N, 1, 28, 28) and their labels (N)."""
    train = load_data(DataConfig(train_count=job.images)).train
    assert train.labels is not None
    return train.images, train.labels


def training_floats(job: Job) -> Tensor:
    """Images (N, 1, 28, 28) in [0, 1], in memory."""
    images, _ = training_bytes(job)
    return torch.from_numpy(images).float().div_(255)


def seconds_of(work: Callable[[], object], device: str) -> float:
    """Seconds until the results of `work` are available."""
    start = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start
