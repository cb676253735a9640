"""Studies in TOML files: every combination of values, and one-line errors."""

from pathlib import Path

import pytest

from vaelab import presets
from vaelab.config import Config
from vaelab.errors import InputError
from vaelab.presets import PRESETS, preset
from vaelab.settings import describe_fields, with_settings
from vaelab.studies import DerivedRun, Study, read_study, toml_file


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def study_of(folder: Path, text: str) -> Study:
    return read_study(written(folder, text))


def test_a_run_is_its_preset_with_fields_set(tmp_path: Path) -> None:
    study = study_of(
        tmp_path,
        """
        data = "wardrobe"
        metrics = ["losses", "fid"]
        sample_count = 100
        importance_samples = 30
        tsne = true
        [runs.small]
        preset = "conv-vae"
        set = { "training.epochs" = 2, "model.network.channels" = [4, 8] }
        """,
    )
    wanted = {"training.epochs": "2", "model.network.channels": "4,8"}
    assert study.configs == {"small": with_settings(preset("conv-vae"), wanted)}
    assert (study.name, study.data.name, study.tsne) == ("mine", "wardrobe", True)
    assert (study.metrics, study.sample_count) == (("losses", "frechet"), 100)
    assert study.runs_with_figures == ("small",)
    assert study.comparisons == {}


def test_nested_and_dotted_fields_are_the_same(tmp_path: Path) -> None:
    dotted = study_of(
        tmp_path, '[runs.a]\npreset = "mlp-vae"\nset = { "objective.beta" = 2, seed = 3 }'
    )
    nested = study_of(
        tmp_path, '[runs.a]\npreset = "mlp-vae"\n[runs.a.set]\nobjective.beta = 2\nseed = 3'
    )
    assert dotted.configs == nested.configs
    assert dotted.configs["a"].seed == 3


def value(config: Config, field: str) -> float:
    return float(dict(describe_fields(config))[field])


def test_values_and_seeds_make_every_combination(tmp_path: Path) -> None:
    study = study_of(
        tmp_path,
        """
        seeds = [0, 7]
        [runs.b]
        preset = "beta-vae"
        figures = false
        vary = { "objective.beta" = [0.5, 2], "model.latent_size" = [2, 4] }
        [runs.plain]
        preset = "mlp-vae"
        """,
    )
    found = {
        name: (run.seed, value(run, "objective.beta"), value(run, "model.latent_size"))
        for name, run in study.configs.items()
    }
    assert found == {
        f"b-beta-{beta:g}-latent_size-{size}-seed-{seed}": (seed, beta, size)
        for beta in (0.5, 2.0)
        for size in (2, 4)
        for seed in (0, 7)
    } | {f"plain-seed-{seed}": (seed, 1.0, 10) for seed in (0, 7)}
    assert study.runs_with_figures == ("plain-seed-0", "plain-seed-7")
    assert set(study.comparisons) == {"rate-distortion", "sweep-images", "sweep-kl"}
    assert len(study.comparisons["sweep-kl"]) == 8


def test_a_file_may_begin_with_the_mark_of_its_encoding(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[runs.a]\npreset = "mlp-vae"\n', encoding="utf-8-sig")
    assert list(read_study(tmp_path / "mine.toml").configs) == ["a"]


def test_names_from_values_are_names_of_files_on_all_systems(tmp_path: Path) -> None:
    study = study_of(
        tmp_path,
        """
        [runs.a]
        preset = "mlp-vae"
        vary = { "data.path" = ["here/x", 'C:\\y?'], "objective.beta" = [1] }
        """,
    )
    assert list(study.configs) == ["a-path-here-x-beta-1", "a-path-C--y--beta-1"]


def test_a_prior_is_fitted_to_each_run_of_the_parents_table(tmp_path: Path) -> None:
    study = study_of(
        tmp_path,
        """
        seeds = [0, 1]
        [runs.gmm]
        fit_prior = { parent = "small", prior = "gmm" }
        vary = { "model.prior.components" = [5, 20] }
        figures = false
        [runs.small]
        preset = "mlp-vae"
        [runs.again]
        fit_prior = { parent = "gmm", prior = "flow" }
        """,
    )
    assert list(study.configs) == ["small-seed-0", "small-seed-1"]
    gmm = {
        f"gmm-seed-{seed}-components-{count}": DerivedRun(
            parent=f"small-seed-{seed}",
            prior="gmm",
            changes={"model.prior.components": str(count)},
        )
        for seed in (0, 1)
        for count in (5, 20)
    }
    assert {name: study.derived[name] for name in gmm} == gmm
    again = study.derived["again-seed-1-components-20"]
    assert again == DerivedRun(parent="gmm-seed-1-components-20", prior="flow")
    assert len(study.derived) == 8
    assert study.runs_with_figures[:2] == ("small-seed-0", "small-seed-1")
    assert not set(study.runs_with_figures) & gmm.keys()


def test_an_autoencoder_is_compared_with_the_vae_of_its_network(tmp_path: Path) -> None:
    study = study_of(
        tmp_path,
        """
        [runs.two]
        preset = "mlp-vae-2d"
        [runs.plain]
        preset = "autoencoder"
        [runs.ten]
        preset = "mlp-vae"
        """,
    )
    assert study.comparisons == {"autoencoder-vs-vae": ("plain", "ten")}


def test_the_path_of_data_is_relative_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "garments").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    study = study_of(tmp_path, 'data = "garments"\n[runs.a]\npreset = "mlp-vae"')
    assert (study.data.name, study.data.path) == ("folder", str(tmp_path / "garments"))


def test_data_with_settings(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    run = '\n[runs.a]\npreset = "mlp-vae"'
    data = 'data = { name = "photos", resize = 64, fit = "crop", gray = true }'
    found = study_of(tmp_path, data + run).data
    assert (found.name, found.path) == ("folder", str(tmp_path / "photos"))
    assert (found.resize, found.fit, found.gray) == (64, "crop", True)
    with pytest.raises(InputError, match="did you mean 'resize'"):
        study_of(tmp_path, data.replace("resize", "size") + run)
    with pytest.raises(InputError, match="data needs a name"):
        study_of(tmp_path, "data = { resize = 64 }" + run)


def test_a_built_in_data_set_next_to_a_folder_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "wardrobe").mkdir()
    run = '\n[runs.a]\npreset = "mlp-vae"'
    assert study_of(tmp_path, 'data = "wardrobe"' + run).data.name == "wardrobe"
    assert study_of(tmp_path, 'data = "./wardrobe"' + run).data.name == "folder"


def test_plugins_are_loaded_before_the_runs_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presets, "PRESETS", dict(PRESETS))
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/mine.py").write_text(
        "from vaelab import presets\npresets.PRESETS['mine'] = presets.mlp_vae\n"
    )
    study = study_of(tmp_path, 'plugins = ["parts/mine.py"]\n[runs.a]\npreset = "mine"')
    assert study.configs == {"a": preset("mlp-vae")}
    assert study.plugins == (tmp_path / "parts/mine.py",)


RUN = '[runs.a]\npreset = "mlp-vae"\n'
DERIVED = RUN + "[runs.b]\nfit_prior = { parent = '%s', prior = '%s' }"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it has no runs"),
        ("runs = 3", "runs takes a table, found 3"),
        ("[runs.a]", "runs.a needs a preset"),
        ('[runs.a]\npreset = "mlp-vea"', "did you mean 'mlp-vae'"),
        ("[runs.a]\npreset = 3", "runs.a.preset takes text, found 3"),
        (f"{RUN}sett = {{}}", "unknown key of runs.a 'sett'; did you mean 'set'"),
        (f"{RUN}set = {{ 'objective.bta' = 1 }}", "did you mean 'beta'"),
        (f"{RUN}set = {{ 'training.epochs' = 'many' }}", "training.epochs takes int, found 'many'"),
        (f"{RUN}vary = {{ 'objective.beta' = 1 }}", "takes a list of values, found 1"),
        (f"{RUN}vary = {{ 'objective.beta' = [] }}", "takes a list of values"),
        (f"{RUN}figures = 1", "runs.a.figures takes true or false"),
        (f"seeds = []\n{RUN}", "seeds is empty"),
        (f"seeds = [0.5]\n{RUN}", "each of seeds takes an integer, found 0.5"),
        (f"seed = [0]\n{RUN}", "did you mean 'seeds'"),
        (f"metrics = ['fidd']\n{RUN}", "unknown metric 'fidd'; did you mean 'fid'"),
        (f"sample_count = 0\n{RUN}", "sample_count must be at least 1, found 0"),
        (f"importance_samples = 0\n{RUN}", "importance_samples must be at least 1, found 0"),
        (f"data = 3\n{RUN}", "data takes text"),
        (f"plugins = 'a.py'\n{RUN}", "plugins takes a list, found 'a.py'"),
        (f"plugins = ['a.py']\n{RUN}", "a.py is missing"),
        (f"{RUN}[runs.b]\nfit_prior = 'gmm'", "runs.b.fit_prior takes a table, found 'gmm'"),
        (f"{RUN}[runs.b]\nfit_prior = {{ parent = 'a' }}", "runs.b.fit_prior needs a prior"),
        (f"{DERIVED % ('b', 'gmm')}", "unknown run in runs.b.fit_prior 'b'; known: a"),
        (f"{DERIVED % ('a', 'gmn')}", "did you mean 'gmm'"),
        (f"{DERIVED % ('a', 'gmm')}\npreset = 'mlp-vae'", "unknown key of runs.b 'preset'"),
        (f"{DERIVED % ('a', 'gmm')}\nset = {{ 'model.prior.component' = 2 }}", "'components'"),
        ("[runs.site]\npreset = 'mlp-vae'", "a run cannot be called 'site'"),
        ("[runs.'../up']\npreset = 'mlp-vae'", "a run cannot be called '../up'"),
        ("[runs.'']\npreset = 'mlp-vae'", "a run cannot be called ''"),
        ("[runs.Site]\npreset = 'mlp-vae'", "a run cannot be called 'Site'"),
        ("[runs.'a:b']\npreset = 'mlp-vae'", "a run cannot be called 'a:b'"),
        ("[runs.'a.']\npreset = 'mlp-vae'", "a run cannot be called 'a.'"),
        ("[runs.Nul]\npreset = 'mlp-vae'", "a run cannot be called 'Nul'"),
        ("[runs.'com1.x']\npreset = 'mlp-vae'", "a run cannot be called 'com1.x'"),
        (f"{RUN}[runs.A]\npreset = 'mlp-vae'", "two runs would be called 'a' and 'A'"),
        (
            f"{RUN}vary = {{ 'objective.beta' = [2] }}\n[runs.a-beta-2]\npreset = 'mlp-vae'",
            "two runs would be called 'a-beta-2';",
        ),
        ("[runs", "is not TOML"),
    ],
)
def test_an_unusable_file_is_a_one_line_error(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_study(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no study file"):
        read_study(tmp_path / "none.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        read_study(tmp_path / "folder.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not text in UTF-8: byte 0 is invalid"):
        read_study(tmp_path / "bytes.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"x = {'[' * 100_000}", "is nested too deeply"),
        (f"[{'.'.join('a' * 500)}]", "is nested too deeply"),
        (f"x = {'{a=' * 5000}1{'}' * 5000}", "is nested too deeply"),
        (f"{RUN}set = {{ 'training.batch_size' = {'9' * 5000} }}", "value has 5000 digits"),
        (f"{RUN}set = {{ 'training.batch_size' = {'9' * 400} }}", "found about 10^400"),
        (f"{RUN}set = {{ 'training.batch_size' = 0x{'f' * 5000} }}", "found about 10^6021"),
        (f"sample_count = {2**53}\n{RUN}", "whole numbers between -2^53 and 2^53"),
        ('data = "a\\u0000b.csv"\n' + RUN, "without the character NUL, found 'a\\x00b.csv'"),
        ('[runs."a\\u0000b"]\npreset = "mlp-vae"', "without the character NUL"),
        ("data = 'a\0b'", "is not TOML: "),
    ],
)
def test_documents_that_python_cannot_process_are_a_one_line_error(
    tmp_path: Path, text: str, message: str
) -> None:
    test_an_unusable_file_is_a_one_line_error(tmp_path, text, message)


THOUSAND = [index + 1 for index in range(1000)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"{RUN}vary = {{ 'objective.beta' = {THOUSAND}, 'seed' = {THOUSAND}, "
            f"'training.epochs' = {THOUSAND} }}",
            "runs.a: expected at most 1,000 runs in a study, found 1,000,000,000, here 1,000 "
            "(objective.beta) x 1,000 (seed) x 1,000 (training.epochs) x 1 (seeds); vary fewer",
        ),
        (
            f"seeds = {THOUSAND}\n{RUN}[runs.b]\npreset = 'mlp-vae'",
            "runs.b: expected at most 1,000 runs in a study, found 2,000, here 1,000 (seeds)",
        ),
        (
            f"seeds = {THOUSAND[:40]}\n{DERIVED % ('a', 'gmm')}\n"
            f"vary = {{ 'model.prior.components' = {THOUSAND[:40]} }}",
            "found 1,640, here 40 (model.prior.components) x 40 (runs of a); vary fewer values",
        ),
    ],
)
def test_runs_are_counted_before_they_are_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.setattr(toml_file, "with_settings", None)  # which builds the settings of a run
    test_an_unusable_file_is_a_one_line_error(tmp_path, text, message)
