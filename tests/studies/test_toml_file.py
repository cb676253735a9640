"""A study of the user's own: every combination, and one clear line for what there is not."""

from pathlib import Path

import pytest

from vaelab.errors import InputError
from vaelab.presets import preset
from vaelab.settings import with_settings
from vaelab.studies import Study, read_study


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
        metrics = ["losses"]
        sample_count = 100
        tsne = true
        [runs.small]
        preset = "conv-vae"
        set = { "training.epochs" = 2, "model.network.channels" = [4, 8] }
        """,
    )
    wanted = {"training.epochs": "2", "model.network.channels": "4,8"}
    assert study.configs == {"small": with_settings(preset("conv-vae"), wanted)}
    assert (study.name, study.data.name, study.tsne) == ("mine", "wardrobe", True)
    assert (study.metrics, study.sample_count) == (("losses",), 100)
    assert study.illustrated == ("small",)
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
        name: (run.seed, run.objective.beta, run.model.latent_size)
        for name, run in study.configs.items()
        if run.objective.kind == "elbo"
    }
    assert found == {
        f"b-beta-{beta:g}-latent_size-{size}-seed-{seed}": (seed, beta, size)
        for beta in (0.5, 2.0)
        for size in (2, 4)
        for seed in (0, 7)
    } | {f"plain-seed-{seed}": (seed, 1.0, 10) for seed in (0, 7)}
    assert study.illustrated == ("plain-seed-0", "plain-seed-7")
    assert set(study.comparisons) == {"rate-distortion", "beta-images", "beta-kl"}
    assert len(study.comparisons["beta-kl"]) == 8


def test_an_autoencoder_stands_beside_the_vae_of_its_networks(tmp_path: Path) -> None:
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
    assert study.comparisons == {"autoencoder-beside-vae": ("plain", "ten")}


def test_data_beside_the_file_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "garments").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    study = study_of(tmp_path, 'data = "garments"\n[runs.a]\npreset = "mlp-vae"')
    assert (study.data.name, study.data.path) == ("folder", str(tmp_path / "garments"))


RUN = '[runs.a]\npreset = "mlp-vae"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it names no run"),
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
        (f"metrics = ['fid']\n{RUN}", "unknown metric 'fid'"),
        (f"sample_count = 0\n{RUN}", "sample_count must be at least 1, found 0"),
        (f"data = 3\n{RUN}", "data takes text"),
        ("[runs.site]\npreset = 'mlp-vae'", "a run cannot be called 'site'"),
        ("[runs.'../up']\npreset = 'mlp-vae'", "a run cannot be called '../up'"),
        ("[runs.'']\npreset = 'mlp-vae'", "a run cannot be called ''"),
        (
            f"{RUN}vary = {{ 'objective.beta' = [2] }}\n[runs.a-beta-2]\npreset = 'mlp-vae'",
            "two runs would be called 'a-beta-2'",
        ),
        ("[runs", "is not TOML"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_study(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no study file"):
        read_study(tmp_path / "none.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        read_study(tmp_path / "folder.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not TOML"):
        read_study(tmp_path / "bytes.toml")
