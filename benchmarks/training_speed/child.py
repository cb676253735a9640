"""The child process of a contender."""

import importlib
from dataclasses import asdict

from benchmarks import children
from benchmarks.children import Facts, Report
from benchmarks.machine import describe, peak_bytes
from benchmarks.training_speed.contenders import ARITHMETIC, CONTENDERS
from benchmarks.training_speed.job import Job


def work(values: Facts, report: Report) -> None:
    """Train like the contender, or measure the arithmetic."""
    job = Job(**values)
    report(_arithmetic(job) if job.contender == ARITHMETIC else _training(job))


def _arithmetic(job: Job) -> Facts:
    from benchmarks.training_speed import arithmetic

    return {**arithmetic.measure(job.device), "machine": describe(job.device)}


def _training(job: Job) -> Facts:
    contender = CONTENDERS[job.contender]
    module = importlib.import_module(f"benchmarks.training_speed.{contender.module}")
    _import_the_rest()
    imported = peak_bytes()
    timed = module.train(job)
    return {**asdict(timed), "imported_bytes": imported, "peak_bytes": peak_bytes()}


def _import_the_rest() -> None:
    """Make an optimizer, because torch imports many modules for the first one."""
    import torch

    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])


if __name__ == "__main__":
    children.run(work)
