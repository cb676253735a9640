from dataclasses import replace

from tests.report.stored_runs import config, stored
from vaelab.config import ParentConfig
from vaelab.derived_settings import settings_with_prior
from vaelab.report.settings_view import settings_view


def test_changed_settings_are_listed_with_the_value_of_the_preset() -> None:
    view = settings_view(stored(config("mlp-vae", objective__beta="4")))
    assert [(each.name, each.value, each.preset_value) for each in view.changed] == [
        ("objective.beta", "4.0", "1.0")
    ]
    assert view.changed[0].help == "final weight of the KL (beta-VAE, Higgins et al. 2017)"


def test_the_commands_reproduce_the_run() -> None:
    view = settings_view(stored(config("mlp-vae", objective__beta="4"), "a b"))
    assert view.commands == [
        "vaelab train mlp-vae --set objective.beta=4.0 --out 'runs/a b'",
        "vaelab evaluate 'runs/a b'",
    ]


def test_a_run_with_the_settings_of_its_preset_has_no_changes() -> None:
    view = settings_view(stored(config()))
    assert view.changed == []
    assert "--set" not in view.commands[0]


def test_the_commands_of_a_derived_run_fit_the_prior() -> None:
    parent = ParentConfig(run="../mlp-vae", weights_fingerprint="a" * 64)
    changes = {"model.prior.components": "7", "training.epochs": "10"}
    made = replace(settings_with_prior(config(), "gmm", changes), parent=parent)
    assert settings_view(stored(made, "derived")).commands[0] == (
        "vaelab fit-prior runs/mlp-vae --prior gmm --set model.prior.components=7 "
        "training.epochs=10 --out runs/derived"
    )


def test_the_path_of_own_data_is_not_shown() -> None:
    made = config(data__name="npz", data__path="/home/me/my.npz")
    view = settings_view(stored(made))
    assert "--data my.npz" in view.commands[0]
    assert "/home" not in str(view)


def test_an_unknown_preset_has_no_command() -> None:
    view = settings_view(stored(replace(config(), preset="of-the-future")))
    assert view.commands == []
    assert view.settings


def test_alternatives_have_their_own_help() -> None:
    helps = {
        name: {each.name: each.help for each in settings_view(stored(config(name))).settings}
        for name in ("flow-vae", "vamp-vae")
    }
    assert helps["vamp-vae"]["model.prior.components"] != ""
    assert helps["flow-vae"]["model.prior.kind"] == helps["vamp-vae"]["model.prior.kind"] != ""
