"""A study of the user's own, from a TOML file.

data = "fashion-mnist"                      # or wardrobe, a folder of images, an .npz file
seeds = [0, 1]                              # every run once with each
metrics = ["losses", "frechet"]             # none: all but the longest

[runs.small]
preset = "mlp-vae"
set = { "training.epochs" = 5 }             # fields, as for vaelab train --set
vary = { "objective.beta" = [0.5, 1, 2] }   # a run for each value, and for each combination

Any name that there is not is an error that tells the nearest.
"""

import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vaelab.config import Config, DataConfig
from vaelab.data import data_config
from vaelab.errors import InputError, entry, unknown_name
from vaelab.evaluation import METRICS
from vaelab.presets import preset
from vaelab.settings import with_settings
from vaelab.studies.plans import SWEEP_FIGURES, Study

STUDY_KEYS = ("data", "seeds", "metrics", "sample_count", "tsne", "runs")
RUN_KEYS = ("preset", "set", "vary", "figures")
BETA = "objective.beta"

# A run's name is a folder's; these are the study's own.
_NAME = re.compile(r"[^\s./\\][^/\\\n]*")
_TAKEN = {"data", "failures", "figures", "former", "site"}


def read_study(path: Path) -> Study:
    """The study that a TOML file describes, named by the file.

    Raises:
        InputError: if it cannot be read, or asks for what there is not, naming the nearest.
    """
    values = _read(path)
    try:
        return _study(path.stem, values, path.parent)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"there is no study file {path}") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; a study is a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}") from None


def _study(name: str, values: Mapping[str, Any], folder: Path) -> Study:
    _require_known("key", values, STUDY_KEYS)
    seeds = _list_of(int, values.get("seeds", [0]), "seeds")
    metrics = _list_of(str, values.get("metrics", []), "metrics", may_be_empty=True)
    for metric in metrics:
        entry("metric", metric, METRICS)
    blocks = _of_type(dict, values.get("runs", {}), "runs")
    if not blocks:
        raise InputError("it names no run; write a table such as [runs.small] with a preset")
    configs: dict[str, Config] = {}
    illustrated: list[str] = []
    comparisons: dict[str, tuple[str, ...]] = {}
    for block, settings in blocks.items():
        _require_name(block)
        made = _runs(block, _of_type(dict, settings, f"runs.{block}"), seeds)
        for run in made:
            if run in configs:
                raise InputError(f"two runs would be called {run!r}; rename one")
        configs |= made
        if _of_type(bool, settings.get("figures", True), f"runs.{block}.figures"):
            illustrated += made
        # The figures of a sweep are drawn once: of the first that there is.
        if BETA in _fields(settings.get("vary", {})) and SWEEP_FIGURES[0] not in comparisons:
            comparisons |= dict.fromkeys(SWEEP_FIGURES, tuple(made))
    comparisons |= _autoencoder_beside_vae(configs)
    return Study(
        name=name,
        configs=configs,
        illustrated=tuple(illustrated),
        comparisons=comparisons,
        metrics=tuple(metrics),
        sample_count=_count(values.get("sample_count")),
        data=_data(values.get("data"), folder),
        tsne=_of_type(bool, values.get("tsne", False), "tsne"),
    )


def _runs(block: str, settings: Mapping[str, Any], seeds: list[int]) -> dict[str, Config]:
    """A run for each combination of the varied values and the seeds."""
    where = f"runs.{block}"
    _require_known(f"key of {where}", settings, RUN_KEYS)
    if "preset" not in settings:
        raise InputError(f"{where} needs a preset, such as preset = 'mlp-vae'")
    base = preset(_of_type(str, settings["preset"], f"{where}.preset"))
    fixed = {name: _text(value) for name, value in _fields(settings.get("set", {})).items()}
    varied = _fields(settings.get("vary", {}))
    for name, values in varied.items():
        if not isinstance(values, list) or not values:
            raise InputError(f"{where}.vary: {name} takes a list of values, found {values!r}")
    runs = {}
    for chosen in _combinations(varied):
        for seed in seeds:
            tail = [f"{name.rpartition('.')[2]}-{value}" for name, value in chosen.items()]
            tail += [f"seed-{seed}"] if len(seeds) > 1 else []
            runs["-".join([block, *tail])] = with_settings(
                base, {"seed": str(seed)} | fixed | chosen
            )
    return runs


def _combinations(varied: Mapping[str, list[Any]]) -> Iterator[dict[str, str]]:
    for values in itertools.product(*varied.values()):
        yield dict(zip(varied, map(_text, values), strict=True))


def _autoencoder_beside_vae(configs: Mapping[str, Config]) -> dict[str, tuple[str, ...]]:
    """The first autoencoder and the first VAE of its networks and latent size."""
    for plain, config in configs.items():
        if config.model.kind != "autoencoder":
            continue
        for name, other in configs.items():
            if (
                other.model.kind == "vae"
                and not other.model.conditional
                and (
                    other.model.network,
                    other.model.latent_size,
                )
                == (config.model.network, config.model.latent_size)
            ):
                return {"autoencoder-beside-vae": (plain, name)}
    return {}


def _data(name: Any, folder: Path) -> DataConfig:
    """A name in the table, or a path beside the study's file."""
    if name is None:
        return DataConfig()
    text = _of_type(str, name, "data")
    beside = folder / text
    return data_config(str(beside) if beside.exists() else text)


def _fields(values: Any, prefix: str = "") -> dict[str, Any]:
    """Dotted names, whether they were written dotted, quoted or as nested tables."""
    fields: dict[str, Any] = {}
    for name, value in _of_type(dict, values, "a group of fields").items():
        fields |= (
            _fields(value, f"{prefix}{name}.")
            if isinstance(value, dict)
            else {f"{prefix}{name}": value}
        )
    return fields


def _text(value: Any) -> str:
    """A TOML value as it is written on the command line."""
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _require_known(what: str, values: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in values:
        if name not in known:
            raise unknown_name(what, name, known)


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise InputError(
            f"a run cannot be called {name!r}: it names a folder in the study's own, beside "
            f"{', '.join(sorted(_TAKEN))}"
        )


def _of_type(kind: type, value: Any, where: str) -> Any:
    if type(value) is not kind:
        raise InputError(f"{where} takes {_KINDS[kind]}, found {value!r}")
    return value


_KINDS = {dict: "a table", list: "a list", str: "text", int: "an integer", bool: "true or false"}


def _list_of(kind: type, value: Any, where: str, *, may_be_empty: bool = False) -> list[Any]:
    items = _of_type(list, value, where)
    if not items and not may_be_empty:
        raise InputError(f"{where} is empty; leave it out or name some")
    return [_of_type(kind, item, f"each of {where}") for item in items]


def _count(value: Any) -> int | None:
    if value is None:
        return None
    count: int = _of_type(int, value, "sample_count")
    if count < 1:
        raise InputError(f"sample_count must be at least 1, found {count}")
    return count
