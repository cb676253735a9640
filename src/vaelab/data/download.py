"""A file from the first of several mirrors that has it, whole and verified or not at all."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException
from io import BufferedIOBase
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tqdm import tqdm

from vaelab.data.reading import one_line
from vaelab.errors import InputError
from vaelab.files import written_whole

TIMEOUT_SECONDS = 15.0
PAUSES_SECONDS = (0.0, 1.0)
"""Before each round of asking every mirror once; what fails in all rounds is given up."""

_CHUNK = 1 << 16


class MirrorsFailedError(Exception):
    """No mirror gave the file; the message says in one line what each answered last."""


class _MirrorError(Exception):
    """One mirror did not give the file."""


def download(
    path: Path,
    mirrors: Sequence[str],
    size_limit: int,
    verify: Callable[[BufferedIOBase, str], object],
) -> None:
    """Put the file that mirrors hold under the name of `path` there.

    Args:
        path: where the file is to lie.
        mirrors: base URLs, each ending in a slash, asked in turn.
        size_limit: bytes that no good file exceeds.
        verify: given the downloaded file and its URL; raises InputError on wrong content.

    Raises:
        MirrorsFailedError: if no mirror gave it with the right content.
        InputError: if it cannot be written.
    """
    faults: dict[str, str] = {}
    for pause in PAUSES_SECONDS:
        time.sleep(pause)
        for mirror in mirrors:
            url = mirror + path.name
            try:
                _download_from(url, path, size_limit, verify)
            except _MirrorError as error:
                faults[mirror] = str(error)
            else:
                return
    raise MirrorsFailedError("; ".join(faults.values()))


def _download_from(
    url: str, path: Path, size_limit: int, verify: Callable[[BufferedIOBase, str], object]
) -> None:
    with written_whole(path) as partial:
        with partial.open("wb") as file:
            for chunk in _chunks(url, size_limit):
                file.write(chunk)
        with partial.open("rb") as file:
            try:
                verify(file, url)
            except InputError as error:
                raise _MirrorError(str(error)) from error


def _chunks(url: str, size_limit: int) -> Iterator[bytes]:
    """The bytes at `url`, with a progress bar; only faults of the network become mirror errors."""
    # The mirrors are constants of this package, and what they send is verified.
    request = Request(url, headers={"User-Agent": "vaelab"})  # noqa: S310
    received = 0
    try:
        with (
            urlopen(request, timeout=TIMEOUT_SECONDS) as response,  # noqa: S310
            tqdm(
                total=response.length,
                desc=url.rpartition("/")[2],
                unit="B",
                unit_scale=True,
                file=sys.stderr,
                dynamic_ncols=True,
            ) as bar,
        ):
            while chunk := response.read(_CHUNK):
                received += len(chunk)
                if received > size_limit:
                    raise _MirrorError(f"{url} sends more than the expected {size_limit} bytes")
                bar.update(len(chunk))
                yield chunk
    except HTTPError as error:
        with error:
            raise _MirrorError(f"{url} answers {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise _MirrorError(f"{url}: {one_line(reason)}") from error
