"""Files of a run that are missing or damaged, written again from its checkpoint."""

import contextlib

from torch import Tensor

from vaelab.errors import InputError, note
from vaelab.runs import records
from vaelab.runs.run import Run


def restore(run: Run, best: dict[str, Tensor]) -> None:
    """Write what is not whole in the folder again, from the checkpoint.

    Args:
        run: reserved for this process.
        best: the weights of the best epoch; none before the end of the first one.

    Raises:
        InputError: if a file cannot be written.
    """
    _restore_records(run)
    if best and not run.has_whole_weights():
        note(f"{run.weights} was missing or damaged and is restored from the checkpoint")
        run.save_weights(best)


def restore_records_of_finished(run: Run) -> None:
    """As `restore`, the records alone, unless another process has the run or it is read-only."""
    if not records.are_in(run.records_file, run.read_metrics()):
        with contextlib.suppress(InputError), run.locked():
            _restore_records(run)


def _restore_records(run: Run) -> None:
    file, lines = run.records_file, run.read_metrics()
    if records.are_in(file, lines):
        return
    if not records.begin(file, lines):  # they do if a process was killed before it wrote them
        note(f"{file} was missing or damaged and is restored from the checkpoint")
    run.write_metrics(lines)
