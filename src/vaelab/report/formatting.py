"""Labels, paths and names for a page."""

import math
import re
from collections.abc import Sequence
from typing import Any

# Words of a name in code that are written in another way.
SPELLINGS = {
    "ae": "AE",
    "elbo": "ELBO",
    "fid": "FID",
    "gmm": "Gaussian mixture",
    "iwae": "IWAE",
    "kl": "KL",
    "mmd": "MMD",
    "ssim": "SSIM",
    "vae": "VAE",
    "vq": "VQ",
}

# Of a slug; a file system allows about 255 in a file's name.
MOST_LETTERS = 100

# An absolute path follows a space, a quote or a bracket.
_ABSOLUTE = r"(?<![\w:/\\.~])(?:~|[A-Za-z]:)?[/\\](?=[^\s/\\])"
_PATH = re.compile(_ABSOLUTE + r"[^\s:;,'\"()<>]*")
_LOCATION = re.compile(r"\s+(?:in|from|at|under)\s+['\"]?" + _ABSOLUTE + r".*$", re.DOTALL)


def finite(value: Any) -> float | None:
    """The value as a float; None if it is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def label_from_name(name: str) -> str:
    """A label for a name in code: `negative_elbo` becomes `Negative ELBO`."""
    words = [SPELLINGS.get(word, word) for word in name.replace("_", " ").split()]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def mid_sentence(label: str) -> str:
    """A label inside a sentence: without its capital, unless it starts with an acronym."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def without_location(source: str) -> str:
    """The source of a data set, without its path on this machine."""
    return without_paths(_LOCATION.sub("", source)).strip()


def without_paths(text: str) -> str:
    """A text with each absolute path replaced by its last part."""
    return _PATH.sub(lambda match: re.split(r"[/\\]", match[0].rstrip("/\\."))[-1], text)


def unique_slugs(names: Sequence[str]) -> list[str]:
    """A distinct name for each of `names` that is safe in paths and URLs: [a-z0-9-]+, not long."""
    used: set[str] = set()
    found = []
    for name in names:
        base = re.sub("[^a-z0-9]+", "-", name.lower())[:MOST_LETTERS].strip("-") or "run"
        slug, count = base, 1
        while slug in used:
            count += 1
            slug = f"{base}-{count}"
        used.add(slug)
        found.append(slug)
    return found
