"""Run the contenders in turns, print a table, and write the numbers as JSON."""

# ruff: noqa: T201

import argparse
import statistics
from dataclasses import asdict
from pathlib import Path

from benchmarks import children
from benchmarks.children import ChildError, Facts
from benchmarks.data import require_images
from benchmarks.tables import Spread
from benchmarks.training_speed import results
from benchmarks.training_speed.contenders import ARITHMETIC, CONTENDERS
from benchmarks.training_speed.job import Job
from benchmarks.training_speed.results import Answers
from vaelab.files import write_json

ALL_IMAGES = 60_000


def main() -> None:
    """Measure, print and write."""
    options = _options()
    require_images(options.images)
    # Arithmetic is always included: it measures the speed of the machine in each round.
    contenders = [ARITHMETIC, *(name for name in CONTENDERS if name in options.only)]
    answers: Answers = {name: [None] * options.rounds for name in contenders}
    failures: list[str] = []
    for round_index, name in children.turns(contenders, options.rounds):
        try:
            answers[name][round_index] = answer = _ask(name, options)
        except ChildError as error:
            failures.append(f"round {round_index + 1}, {name}: {error.reason}")
            children.note(str(error))
        else:
            children.note(f"round {round_index + 1} of {options.rounds}: {_line(name, answer)}")
        if options.json is not None:  # after each measurement, so that none is lost
            write_json(options.json, _facts(options, answers, failures))
    _report(options, answers, failures)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training_speed",
        description="Training speed of vaelab and other training loops, in interleaved rounds.",
    )
    parser.add_argument(
        "--images", type=int, default=ALL_IMAGES, help="training images (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument(
        "--epochs", type=int, default=1, help="timed in each round (default: %(default)s)"
    )
    parser.add_argument("--threads", type=int, help="(default: what torch chooses)")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=CONTENDERS,
        default=list(CONTENDERS),
        metavar="NAME",
        help=f"only these of {', '.join(CONTENDERS)}",
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write all numbers")
    return parser.parse_args()


def _ask(name: str, options: argparse.Namespace) -> Facts:
    job = Job(
        contender=name,
        network=CONTENDERS[name].network if name in CONTENDERS else "",
        images=options.images,
        epochs=options.epochs,
        device=options.device,
        precision=CONTENDERS[name].precision if name in CONTENDERS else "",
    )
    return children.ask("benchmarks.training_speed.child", asdict(job), threads=options.threads)


def _line(name: str, answer: Facts) -> str:
    if name == ARITHMETIC:
        rates = (f"{rate / 1e9:.0f} in {kind}" for kind, rate in answer["flops_per_second"].items())
        return f"matrix products at {', '.join(rates)} GFLOP/s"
    return f"{name} {statistics.median(answer['seconds']):.2f} s an epoch"


def _facts(options: argparse.Namespace, answers: Answers, failures: list[str]) -> Facts:
    rates = results.products_rates(answers)
    return {
        "machine": _machine(answers),
        "matrix_products_flops_per_second": {kind: rate.to_dict() for kind, rate in rates.items()},
        "options": {name: value for name, value in vars(options).items() if name != "json"},
        "rows": [row.to_dict() for row in results.rows_of(answers, options.images)],
        "rounds": answers,
        "failures": failures,
    }


def _machine(answers: Answers) -> Facts | None:
    machines = [answer["machine"] for answer in answers[ARITHMETIC] if answer is not None]
    return machines[0] if machines else None


def _report(options: argparse.Namespace, answers: Answers, failures: list[str]) -> None:
    machine = _machine(answers)
    if machine is not None:
        instructions = ", ".join(machine["bfloat16_instructions"]) or "no bfloat16"
        print(
            f"{machine['device']} ({instructions}), "
            f"{machine['threads']} threads, torch {machine['torch']}; --precision auto: "
            f"{machine['precision_auto']}"
        )
    for kind, rate in results.products_rates(answers).items():
        gigaflops = Spread(*(value / 1e9 for value in rate.to_dict().values()))
        print(f"matrix products in {kind}: {gigaflops.text('.0f')} GFLOP/s")
    print(
        f"{options.images:,} training images for each, rounds: {options.rounds}, epochs in each: "
        f"{options.epochs}. 'over' compares images/s: above 1 is faster; median "
        "of the rounds, range in parentheses.\n"
    )
    print(results.text(results.rows_of(answers, options.images)))
    for failure in failures:
        print(f"\nfailed: {failure}")


if __name__ == "__main__":
    main()
