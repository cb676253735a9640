"""The explorer's data as scripts, because a page opened from disk may load nothing else.

    site/explorer/index.js               the models, and what belongs to each
    site/explorer/images.js              the test images, one picture
    site/explorer/<slug>/decoder.js      ONNX
    site/explorer/<slug>/encoder.js      ONNX
    site/explorer/<slug>/prior.js        ONNX, where the prior is a function of noise
    site/explorer/<slug>/samples.js      stored samples, one picture, where it is not
    site/explorer/<slug>/codes.js        float32 (N, D), little-endian, unless D is large
    site/explorer/<slug>/<map>.js        float32 (N, 2)

Each calls `vaelabProvide(key, value)`; the key is its path without the suffix. The value of
index.js is JSON, all others are base64. `vaelab.explorer` computed everything.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vaelab.errors import InputError, failure_reason
from vaelab.evaluation.near_chance import SHORT_CAVEAT
from vaelab.explorer import Explorer, Plane, read_explorer
from vaelab.explorer_files import as_base64, floats_as_base64, png_as_url, provide
from vaelab.formatting import with_unit
from vaelab.report.formatting import finite
from vaelab.runs import Run

VERSION = 2

# The metrics that stand below a model's image; the labels say that they are not of this image.
FACTS = {
    "negative_elbo": "mean negative ELBO of the test set",
    "fid_proxy": "FID proxy of all samples",
    "conditional_accuracy": "conditional accuracy of all samples",
}


def write_payloads(
    study: str, runs: Mapping[str, Run], site: Path, pages: Mapping[str, str]
) -> dict[str, str]:
    """Write site/explorer/ from the explorers of runs that share their test images.

    Args:
        study: its name.
        runs: by slug, in the order of the page; those with other test images than the first that
            has an explorer are left out.
        site: the site's root.
        pages: addresses of the runs' pages by slug, relative to the site's root.

    Returns:
        The reasons why runs were left out, by slug. If all were, nothing is written.

    Raises:
        InputError: if a file cannot be written.
    """
    explorers, left_out = _with_common_images(runs)
    models = {}
    for slug, each in list(explorers.items()):
        try:
            files = _files(each)
            models[slug] = _model(slug, runs[slug], pages[slug], each)
        # What is stored may be anything, and no model takes the others with it.
        except Exception as error:
            left_out[slug] = failure_reason(error)
            del explorers[slug]
            continue
        for name, content in files.items():
            provide(site, f"{slug}/{name}", content)
    if not explorers:
        return left_out
    first, explorer = next(iter(explorers.items()))
    provide(site, "images", png_as_url(explorer.images.read_bytes()))
    # Last, so that everything that it names exists.
    index = {
        "version": VERSION,
        "study": study,
        "images": _images(runs[first], explorer),
        "models": list(models.values()),
    }
    provide(site, "index", index)
    return left_out


def _with_common_images(runs: Mapping[str, Run]) -> tuple[dict[str, Explorer], dict[str, str]]:
    """The explorers of runs with the same test images, and why other runs are left out."""
    explorers: dict[str, Explorer] = {}
    left_out: dict[str, str] = {}
    for slug, run in runs.items():
        try:
            explorer = read_explorer(run)
        except InputError as error:
            left_out[slug] = str(error)
            continue
        first = runs[next(iter(explorers), slug)]
        if run.data.test_fingerprint == first.data.test_fingerprint:
            explorers[slug] = explorer
        else:
            left_out[slug] = (
                f"{run.name} was tested on other images ({run.data.name}) than {first.name} "
                f"({first.data.name})"
            )
    return explorers, left_out


def _files(explorer: Explorer) -> dict[str, str]:
    """The content of a model's files by name, in base64."""
    networks = {"decoder": explorer.decoder, "encoder": explorer.encoder, "prior": explorer.prior}
    files = {
        name: as_base64(path.read_bytes()) for name, path in networks.items() if path is not None
    }
    if explorer.samples is not None:
        files["samples"] = png_as_url(explorer.samples.read_bytes())
    points = {name: values for name, values in explorer.tensors.items() if name != "labels"}
    return files | {name: floats_as_base64(values.numpy()) for name, values in points.items()}


def _images(run: Run, explorer: Explorer) -> dict[str, Any]:
    sprite, labels = explorer.sprite, explorer.tensors.get("labels")
    return {
        "dataName": run.data.name,
        "count": sprite.count,
        "channels": sprite.channels,
        "height": sprite.height,
        "width": sprite.width,
        "columns": sprite.columns,
        "labels": None if labels is None else as_base64(labels.numpy().tobytes()),
        "classNames": list(run.data.class_names),
    }


def _model(slug: str, run: Run, page: str, explorer: Explorer) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": run.name,
        "preset": run.config.preset,
        "page": page,
        "facts": _facts(run),
        "latentSize": explorer.latent_size,
        "classCount": explorer.class_count,
        "noiseSize": explorer.noise_size,
        "samplingNote": explorer.sampling_note,
        "hasSamples": explorer.samples is not None,
        "hasCodes": "codes" in explorer.tensors,
        "center": explorer.center,
        "dimensions": [
            {
                "index": each.index,
                "name": each.name,
                "klNats": each.kl,
                "center": each.center,
                "scale": each.scale,
            }
            for each in explorer.dimensions
        ],
        "maps": [
            {
                "kind": each.kind,
                "title": each.title,
                "axisLabels": list(each.axis_labels),
                "plane": _plane(each.plane),
            }
            for each in explorer.maps
        ],
        "bytes": {
            "decoder": explorer.decoder.stat().st_size,
            "encoder": explorer.encoder.stat().st_size,
        },
    }


def _plane(plane: Plane | None) -> dict[str, Any] | None:
    return None if plane is None else {"origin": plane.origin, "axes": plane.axes}


def _facts(run: Run) -> list[dict[str, str]]:
    """The stored metrics of the run; those that cannot be read are left out."""
    try:
        stored = run.read_evaluation().get("metrics", {})
    except InputError:
        return []
    return [
        {"label": label, "value": _text(stored[name])}
        for name, label in FACTS.items()
        if name in stored and stored[name]["value"] is not None
    ]


def _text(result: Mapping[str, Any]) -> str:
    text = with_unit(finite(result["value"]), str(result.get("unit") or "")) or "not a number"
    return f"{text} ({SHORT_CAVEAT})" if result.get("caveat") else text
