"""Download a file from the first of several mirrors that has it, and verify it."""

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
from vaelab.files import atomic_write

TIMEOUT_SECONDS = 15.0
PAUSES_SECONDS = (0.0, 1.0)
"""The pause before each round; a round tries every mirror once."""

_CHUNK = 1 << 16


class MirrorsFailedError(Exception):
    """No mirror gave the file; the one-line message has the last error of each mirror."""


class _MirrorError(Exception):
    """One mirror did not give the file."""


def download(
    path: Path,
    mirrors: Sequence[str],
    size_limit: int,
    verify: Callable[[BufferedIOBase, str], object],
) -> None:
    """Download the file that mirrors have under the name of `path`.

    Args:
        path: where to write the file.
        mirrors: base URLs, each ending in a slash, in order of preference.
        size_limit: the largest valid size, in bytes.
        verify: called with the open file and its URL; raises InputError on wrong content.

    Raises:
        MirrorsFailedError: if no mirror gave the right content.
        InputError: if the file cannot be written.
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
    with atomic_write(path) as partial:
        with partial.open("wb") as file:
            for chunk in _chunks(url, size_limit):
                file.write(chunk)
        with partial.open("rb") as file:
            try:
                verify(file, url)
            except InputError as error:
                raise _MirrorError(str(error)) from error


def _chunks(url: str, size_limit: int) -> Iterator[bytes]:
    """Yield the bytes at `url`, with a progress bar; network errors become mirror errors."""
    # The mirrors are constants of this package, and the content is verified.
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
