"""Studies in TOML files.

data = "fashion-mnist"                      # or wardrobe, a folder of images, a file,
                                            # or { name = "photos", resize = 64, fit = "crop" }
seeds = [0, 1]                              # every run once with each seed
metrics = ["losses", "frechet"]             # default: all but the slow ones
plugins = ["my_parts.py"]                   # Python files, relative to this one

[runs.small]
preset = "mlp-vae"
set = { "training.epochs" = 5 }             # fields, as for vaelab train --set
vary = { "objective.beta" = [0.5, 1, 2] }   # one run for each value, and for each combination

[runs.small-gmm]                            # a prior fitted to the codes of each of these runs
fit_prior = { parent = "small", prior = "gmm" }

An unknown name is an error that names the closest match.
"""

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vaelab import plugins
from vaelab.config import Config, DataConfig
from vaelab.data import data_config
from vaelab.derived_settings import settings_with_prior
from vaelab.documents import parse_toml, read_text
from vaelab.errors import InputError, unknown_name
from vaelab.evaluation import metric_name
from vaelab.files import is_portable_name, portable_text
from vaelab.pairing import autoencoder_and_vae
from vaelab.presets import preset
from vaelab.settings import read_as, with_settings
from vaelab.studies.study import PAIR_FIGURE, SWEEP_FIGURES, DerivedRun, Study, name_refused

STUDY_KEYS = (
    "data",
    "seeds",
    "metrics",
    "sample_count",
    "importance_samples",
    "tsne",
    "plugins",
    "runs",
)
RUN_KEYS = ("preset", "set", "vary", "figures")
DERIVED_KEYS = ("fit_prior", "set", "vary", "figures")
FIT_KEYS = ("parent", "prior")

MOST_RUNS = 1000
"""Of a study; their product is computed before any of them is built."""


@dataclass(frozen=True, slots=True)
class _Block:
    """The runs of one table, by name.

    Attributes:
        runs: the runs.
        configs: their settings; of a derived run without the reference to its parent.
        suffixes: the part of each name after that of the table.
    """

    runs: dict[str, Config | DerivedRun]
    configs: dict[str, Config]
    suffixes: dict[str, str]


def read_study(path: Path) -> Study:
    """Read a study; its name is that of the file.

    Raises:
        InputError: if the file cannot be read, or has an unknown name or a wrong value.
    """
    values = _read(path)
    try:
        return _study(path.stem, values, path.parent)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _read(path: Path) -> dict[str, Any]:
    if path.is_dir():
        raise InputError(f"{path} is a folder; a study is a TOML file")
    if not path.exists():
        raise InputError(f"there is no study file {path}")
    # Some editors of Windows begin a file with a mark of its encoding.
    return parse_toml(read_text(path, "utf-8-sig"), str(path))


def _study(name: str, values: Mapping[str, Any], folder: Path) -> Study:
    _require_known("key", values, STUDY_KEYS)
    files = tuple(folder / name for name in _strings(values, "plugins"))
    plugins.load(files)
    seeds = _list_of(int, values.get("seeds", [0]), "seeds")
    tables = _of_type(dict, values.get("runs", {}), "runs")
    if not tables:
        raise InputError("it has no runs; add a table such as [runs.small] with a preset")
    _require_few(tables, seeds)
    blocks = _blocks(tables, seeds)
    runs = {name: run for block in blocks.values() for name, run in block.runs.items()}
    configs = {name: run for name, run in runs.items() if isinstance(run, Config)}
    draws = _count(values, "importance_samples")
    return Study(
        name=name,
        configs=configs,
        derived={name: run for name, run in runs.items() if isinstance(run, DerivedRun)},
        runs_with_figures=tuple(
            run
            for name, block in blocks.items()
            if _of_type(bool, tables[name].get("figures", True), f"runs.{name}.figures")
            for run in block.runs
        ),
        comparisons=_comparisons(tables, blocks, configs),
        metrics=tuple(metric_name(name) for name in _strings(values, "metrics")),
        sample_count=_count(values, "sample_count"),
        importance_samples=dict.fromkeys(runs, draws) if draws else {},
        data=_data(values.get("data"), folder),
        tsne=_of_type(bool, values.get("tsne", False), "tsne"),
        plugins=files,
    )


def _blocks(tables: Mapping[str, Any], seeds: list[int]) -> dict[str, _Block]:
    """The runs of each table, those of parents first."""
    blocks: dict[str, _Block] = {}
    names: dict[str, str] = {}
    for name in _parents_first(tables):
        table = tables[name]
        block = (
            _derived_runs(name, table, blocks)
            if "fit_prior" in table
            else _runs(name, table, seeds)
        )
        for run in block.runs:
            if not is_portable_name(run) or run[0] == " ":
                raise name_refused(run)
            # Windows and macOS ignore the case of names.
            if (other := names.setdefault(run.casefold(), run)) is not run:
                names_of_both = " and ".join(map(repr, dict.fromkeys([other, run])))
                raise InputError(f"two runs would be called {names_of_both}; rename one")
        blocks[name] = block
    return blocks


def _require_few(tables: Mapping[str, Any], seeds: Sequence[int]) -> None:
    """Refuse a study of too many runs, before any of them is built.

    Raises:
        InputError: naming the numbers whose product is too large.
    """
    counts: dict[str, int] = {}
    for name in _parents_first(tables):
        table = tables[name]
        factors = {field: len(values) for field, values in _varied(table, f"runs.{name}").items()}
        if "fit_prior" in table:
            parent = _fit(name, table, counts)[0]
            factors[f"runs of {parent}"] = counts[parent]
        else:
            factors["seeds"] = len(seeds)
        counts[name] = math.prod(factors.values())
        if sum(counts.values()) > MOST_RUNS:
            product = " x ".join(f"{size:,} ({factor})" for factor, size in factors.items())
            raise InputError(
                f"runs.{name}: expected at most {MOST_RUNS:,} runs in a study, found "
                f"{sum(counts.values()):,}, here {product}; vary fewer values"
            )


def _parents_first(tables: Mapping[str, Any]) -> list[str]:
    """The names of the tables in the order of the file, with derived runs after all others."""
    return sorted(tables, key=lambda name: "fit_prior" in _of_type(dict, tables[name], name))


def _runs(name: str, table: Mapping[str, Any], seeds: list[int]) -> _Block:
    """One run for each combination of the varied values and the seeds."""
    where = f"runs.{name}"
    _require_known(f"key of {where}", table, RUN_KEYS)
    if "preset" not in table:
        raise InputError(f"{where} needs a preset, such as preset = 'mlp-vae', or fit_prior")
    base = preset(_of_type(str, table["preset"], f"{where}.preset"))
    block = _Block({}, {}, {})
    for suffix, changes in _combinations(table, where):
        for seed in seeds:
            full_suffix = f"{suffix}-seed-{seed}" if len(seeds) > 1 else suffix
            run = f"{name}{full_suffix}"
            config = with_settings(base, {"seed": str(seed)} | changes)
            block.runs[run] = block.configs[run] = config
            block.suffixes[run] = full_suffix
    return block


def _derived_runs(name: str, table: Mapping[str, Any], blocks: Mapping[str, _Block]) -> _Block:
    """One run for each run of the parent's table and each combination of the varied values."""
    where = f"runs.{name}"
    _require_known(f"key of {where}", table, DERIVED_KEYS)
    parent, prior = _fit(name, table, blocks)
    block = _Block({}, {}, {})
    for parent_run, parent_suffix in blocks[parent].suffixes.items():
        for suffix, changes in _combinations(table, where):
            run = f"{name}{parent_suffix}{suffix}"
            block.runs[run] = DerivedRun(parent=parent_run, prior=prior, changes=changes)
            parent_config = blocks[parent].configs[parent_run]
            block.configs[run] = settings_with_prior(parent_config, prior, changes)
            block.suffixes[run] = f"{parent_suffix}{suffix}"
    return block


def _fit(name: str, table: Mapping[str, Any], parents: Collection[str]) -> tuple[str, str]:
    """The parent's table and the kind of prior that `fit_prior` names."""
    where = f"runs.{name}.fit_prior"
    fit = _of_type(dict, table["fit_prior"], where)
    _require_known(f"key of {where}", fit, FIT_KEYS)
    for key in FIT_KEYS:
        if key not in fit:
            raise InputError(
                f"{where} needs a {key}, such as {{ parent = 'small', prior = 'gmm' }}"
            )
    parent, prior = (_of_type(str, fit[key], f"{where}.{key}") for key in FIT_KEYS)
    if parent not in parents:
        raise unknown_name(f"run in {where}", parent, parents)
    return parent, prior


def _combinations(table: Mapping[str, Any], where: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The settings of `set` with each combination of those of `vary`, and a suffix for names."""
    fixed = {name: _text(value) for name, value in _fields(table.get("set", {})).items()}
    varied = _varied(table, where)
    for values in itertools.product(*varied.values()):
        chosen = dict(zip(varied, map(_text, values), strict=True))
        suffix = "".join(f"-{name.rpartition('.')[2]}-{text}" for name, text in chosen.items())
        yield portable_text(suffix), fixed | chosen


def _varied(table: Mapping[str, Any], where: str) -> dict[str, list[Any]]:
    """The values of each field of `vary`."""
    varied = _fields(table.get("vary", {}))
    for name, values in varied.items():
        if not isinstance(values, list) or not values:
            raise InputError(f"{where}.vary: {name} takes a list of values, found {values!r:.80}")
    return varied


def _comparisons(
    tables: Mapping[str, Any], blocks: Mapping[str, _Block], configs: Mapping[str, Config]
) -> dict[str, tuple[str, ...]]:
    """Figures of the first sweep, and of an autoencoder and a VAE with the same networks."""
    sweep = next((tuple(blocks[name].runs) for name in blocks if tables[name].get("vary")), ())
    comparisons = dict.fromkeys(SWEEP_FIGURES, sweep) if len(sweep) > 1 else {}
    pair = autoencoder_and_vae(configs)
    return comparisons if pair is None else {**comparisons, PAIR_FIGURE: pair}


def _data(name: Any, folder: Path) -> DataConfig:
    """A name in the table of data sets or a path relative to the study's file, with settings."""
    if name is None:
        return DataConfig()
    if not isinstance(name, str | dict):
        raise InputError(f"data takes text or a table, found {name!r}")
    table = {"name": name} if isinstance(name, str) else name
    if "name" not in table:
        raise InputError("data needs a name, such as data = { name = 'photos', resize = 64 }")
    chosen = asdict(data_config(_of_type(str, table["name"], "data.name"), folder))
    config: DataConfig = read_as(DataConfig, chosen | {**table, "name": chosen["name"]}, "data")
    return config


def _fields(values: Any, prefix: str = "") -> dict[str, Any]:
    """Values by dotted name, written as dotted keys, quoted keys or nested tables."""
    fields: dict[str, Any] = {}
    for name, value in _of_type(dict, values, "a group of fields").items():
        fields |= (
            _fields(value, f"{prefix}{name}.")
            if isinstance(value, dict)
            else {f"{prefix}{name}": value}
        )
    return fields


def _text(value: Any) -> str:
    """A TOML value in the form of the command line."""
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _require_known(what: str, values: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in values:
        if name not in known:
            raise unknown_name(what, name, known)


def _of_type(kind: type, value: Any, where: str) -> Any:
    if type(value) is not kind:
        raise InputError(f"{where} takes {_KINDS[kind]}, found {value!r}")
    return value


_KINDS = {dict: "a table", list: "a list", str: "text", int: "an integer", bool: "true or false"}


def _strings(values: Mapping[str, Any], key: str) -> list[str]:
    return _list_of(str, values.get(key, []), key, may_be_empty=True)


def _list_of(kind: type, value: Any, where: str, *, may_be_empty: bool = False) -> list[Any]:
    items = _of_type(list, value, where)
    if not items and not may_be_empty:
        raise InputError(f"{where} is empty; remove it or add a value")
    return [_of_type(kind, item, f"each of {where}") for item in items]


def _count(values: Mapping[str, Any], key: str) -> int | None:
    if key not in values:
        return None
    count: int = _of_type(int, values[key], key)
    if count < 1:
        raise InputError(f"{key} must be at least 1, found {count}")
    return count
