"""The site of `vaelab demo`: the explorer on the pretrained runs.

All that takes time was computed when the runs were packed, and nothing here imports torch.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import vaelab
from vaelab.documents import read_json
from vaelab.explorer_files import as_base64, floats_as_base64, png_as_url, provide
from vaelab.files import write_text
from vaelab.formatting import counted
from vaelab.pretrained_runs import (
    Pictures,
    describe,
    find_pictures,
    pretrained_names,
    table_of,
)
from vaelab.pretrained_runs.folders import EXPLORER, RECORD, packaged
from vaelab.pretrained_runs.pictures import read_codes
from vaelab.serving import START_PAGE
from vaelab.site_assets import rendered, write_assets

STUDY = {"name": "vaelab demo", "command": "", "version": ""}
NETWORKS = ("encoder", "decoder", "prior")
SAMPLES = "samples.png"
MODELS_PAGE = "models.html"


def write_demo(site: Path) -> None:
    """Write the site.

    Args:
        site: an empty folder.

    Raises:
        InputError: if the scripts of the site are not built, or the site cannot be written.
    """
    names, pictures = pretrained_names(), find_pictures()
    stored = {name: _stored(name) for name in names}
    explored = [name for name in names if not stored[name]["absence"]]
    for name in explored:
        _write_model(site, name)
    provide(site, "images", png_as_url(pictures.png(stored[explored[0]]["images"]["columns"])))
    provide(site, "index", _index([stored[name] for name in explored]))
    left_out = [(name, stored[name]["absence"]) for name in names if name not in explored]
    pages = [_explorer_page(explored, left_out, pictures), _models_page(names), _method_page()]
    for page in pages:
        variables = {**page, "page": page, "menu": pages, "root": "", "notice": "", "study": STUDY}
        write_text(site / page["file"], rendered(page["template"], variables))
    write_assets(site, has_explorer=True)


def _stored(name: str) -> dict[str, Any]:
    """What the index of an explorer says of a run, as stored when the run was packed."""
    stored: dict[str, Any] = read_json(packaged(name) / RECORD)["explorer"]
    return stored


def _write_model(site: Path, name: str) -> None:
    """Write the networks, samples, codes and maps of a model."""
    folder = packaged(name) / EXPLORER
    for network in NETWORKS:
        file = folder / f"{network}.onnx"
        if file.exists():
            provide(site, f"{name}/{network}", as_base64(file.read_bytes()))
    if (folder / SAMPLES).exists():
        provide(site, f"{name}/samples", png_as_url((folder / SAMPLES).read_bytes()))
    for key, values in read_codes(folder).items():
        if key != "labels":
            provide(site, f"{name}/{key}", floats_as_base64(values))


def _index(stored: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The index of the explorer; the pictures are common to all models."""
    return {
        "version": stored[0]["version"],
        "study": STUDY["name"],
        "images": stored[0]["images"],
        "models": [{**each["model"], "page": MODELS_PAGE} for each in stored],
    }


def _explorer_page(
    explored: Sequence[str], left_out: Sequence[tuple[str, str]], pictures: Pictures
) -> dict[str, Any]:
    return {
        **_page(START_PAGE, "explorer.html", "Explorer"),
        "count": counted(len(explored), "pretrained model"),
        "images_note": pictures.note,
        "left_out": left_out,
    }


def _models_page(names: Sequence[str]) -> dict[str, Any]:
    columns, rows = table_of(map(describe, names))
    return {
        **_page(MODELS_PAGE, "pretrained.html", "Models"),
        "columns": columns,
        "rows": rows,
    }


def _method_page() -> dict[str, Any]:
    return {
        **_page("method.html", "method.html", "Method"),
        "feature_extractors": [],
        "version": vaelab.__version__,
    }


def _page(file: str, template: str, title: str) -> dict[str, Any]:
    return {"file": file, "template": template, "title": title, "menu": title, "has_charts": False}
