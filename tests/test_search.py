"""Searches: results, messages, and several processes that work on the same trials."""

import json
import re
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Started
from tests.conftest import tiny
from vaelab.config import Config
from vaelab.errors import InputError
from vaelab.presets import preset
from vaelab.runs import open_run
from vaelab.search import Choices, Range, Search, SearchResult, read_space, run_search, trials
from vaelab.settings import with_settings
from vaelab.training import Hardware, fit

CPU = Hardware(accelerator="cpu")
RATES = "training.learning_rate=1e-6,1e-2"
SIZES = "model.latent_size=2..20"


def config(**settings: str) -> Config:
    return tiny("mlp-vae", training__preview_every_epochs="0", **settings)


def search_of(*space: str, base: Config | None = None, **options: Any) -> Search:
    base = base or config()
    return Search(config=base, space=read_space(base, space), **options)


def run(search: Search, out: Path, count: int, storage: str | None = None) -> SearchResult:
    return run_search(search, out, trials=count, storage=storage, hardware=CPU, show_progress=False)


def stored(out: Path) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads((out / "search.json").read_text())["trials"]
    return listed


def rate_of(folder: Path) -> float:
    return open_run(folder).config.training.learning_rate


def test_the_best_trial_is_found_and_can_be_trained_again(tmp_path: Path) -> None:
    search = search_of(RATES, SIZES)
    found = run(search, tmp_path / "one", 5)
    assert rate_of(found.best) == 0.01
    assert found.summary == "5 trials: 5 finished"
    assert found.table.splitlines()[1].split()[:1] == [found.best.name]
    values = json.loads((tmp_path / "one/search.json").read_text())
    assert values["best"] == found.best.name
    assert values["command"] == found.command
    least = min(trial["value"] for trial in values["trials"])
    (best,) = (trial for trial in values["trials"] if trial["name"] == found.best.name)
    assert best["value"] == least
    record = min(open_run(found.best).read_metrics(), key=lambda each: each["selection_loss"])
    assert best["value"] == record["validation"]["negative_elbo"]

    start = "vaelab train mlp-vae --data wardrobe --set "
    assert found.command.startswith(start)
    pairs = shlex.split(found.command.removeprefix(start))
    settings = dict(pair.split("=", 1) for pair in pairs)
    again = with_settings(preset("mlp-vae"), {"data.name": "wardrobe"} | settings)
    assert again == open_run(found.best).config

    # The same seed proposes the same settings, and more trials extend a search.
    assert run(search, tmp_path / "two", 3).summary == "3 trials: 3 finished"
    assert run(search, tmp_path / "two", 5).table == found.table
    assert stored(tmp_path / "two") == values["trials"]


def test_bad_trials_are_pruned(tmp_path: Path) -> None:
    search = search_of("training.learning_rate=1e-6..1e-2:log", base=config(training__epochs="4"))
    found = run(search, tmp_path / "some", 9)
    pruned = [trial for trial in stored(tmp_path / "some") if trial["state"] == "pruned"]
    assert pruned
    for trial in pruned:
        assert float(trial["settings"]["training.learning_rate"]) < rate_of(found.best)
        assert 2 <= trial["epochs"] < 4
        assert len(open_run(tmp_path / "some" / trial["name"]).read_metrics()) == trial["epochs"]
    unpruned = search_of(*map(str, search.space), base=search.config, prune=False)
    assert run(unpruned, tmp_path / "none", 7).summary == "7 trials: 7 finished"


def test_the_same_settings_are_trained_once(tmp_path: Path) -> None:
    found = run(search_of("training.learning_rate=1e-6,1e-2,1e30"), tmp_path, 8)
    assert found.summary == "8 trials: 2 finished, 1 failed, 5 duplicate"
    assert len(list(tmp_path.glob("trial-*/config.json"))) == 3
    assert len(found.table.splitlines()) == 1 + 2 + 1
    listed = {trial["name"]: trial for trial in stored(tmp_path)}
    for trial in listed.values():
        if trial["state"] == "duplicate":
            original = listed[trial["duplicate_of"]]
            assert original["state"] != "duplicate"
            for name in ("settings", "value", "reason"):
                assert trial[name] == original[name]


def test_a_loss_that_is_not_finite_fails_its_trial_alone(tmp_path: Path) -> None:
    search = search_of("training.learning_rate=1e-3,1e30", "objective.free_bits_nats=0,1")
    found = run(search, tmp_path, 6)
    failed = [trial for trial in stored(tmp_path) if trial["state"] == "failed"]
    assert 0 < len(failed) < 6
    for trial in failed:
        assert "is not finite" in trial["reason"]
        assert f"{trial['name']} failed: epoch 1, step " in found.table


def test_a_search_without_a_finished_trial_says_why(tmp_path: Path) -> None:
    search = search_of("training.learning_rate=1e30,2e30")
    with pytest.raises(InputError, match=r"no trial .* finished: trial-0000: epoch 1, step"):
        run(search, tmp_path, 2)


class KilledError(BaseException):
    """Stands for the death of the process."""


def test_a_killed_trial_is_resumed_bit_identically_and_not_forever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = search_of(SIZES, base=config(training__epochs="5"))
    report = trials.TrialReporter.report

    def die(self: trials.TrialReporter, record: dict[str, Any]) -> None:
        if record["epoch"] == 3:
            raise KilledError
        report(self, record)

    with monkeypatch.context() as patch:
        patch.setattr(trials.TrialReporter, "report", die)
        with pytest.raises(KilledError):
            run(search, tmp_path / "search", 1)
    assert run(search, tmp_path / "search", 1).summary == "1 trials: 1 finished"
    assert stored(tmp_path / "search")[0]["epochs"] == 5
    resumed = tmp_path / "search/trial-0000"
    whole = fit(open_run(resumed).config, tmp_path / "whole", hardware=CPU, show_progress=False)
    mine, other = (folder / "model.safetensors" for folder in (resumed, whole.path))
    assert mine.read_bytes() == other.read_bytes()

    monkeypatch.setattr(trials.TrialReporter, "report", die)
    for _ in range(trials.MAX_ATTEMPTS):
        with pytest.raises(KilledError):
            run(search, tmp_path / "search", 2)
    assert run(search, tmp_path / "search", 2).summary == "2 trials: 1 finished, 1 failed"
    assert stored(tmp_path / "search")[1]["reason"] == "its process was killed 3 times"


def test_processes_share_a_search_and_resume_the_trial_of_a_killed_one(tmp_path: Path) -> None:
    settings = {
        "data.train_count": "300",
        "data.test_count": "120",
        "training.epochs": "6",
        "training.batch_size": "64",
        "model.network.widths": "32",
    }
    command = [
        *("-m", "vaelab", "search", "mlp-vae", "--data", "wardrobe"),
        *("--accelerator", "cpu", "--trials", "8", "--no-prune", "--out", "mine"),
        *("--space", "training.learning_rate=1e-4..1e-2:log", "model.latent_size=2..20"),
        *("--set", *(f"{name}={value}" for name, value in settings.items())),
    ]
    both = [Started(*command, cwd=tmp_path) for _ in range(2)]
    claims = tmp_path / "mine"
    deadline = time.monotonic() + 120

    def holders() -> dict[int, str]:
        """The trial that each process trains."""
        texts = {file.parent.name: _text(file) for file in claims.glob("trial-*/.holder")}
        return {
            int(found[1]): name
            for name, text in texts.items()
            if (found := re.match(r"process (\d+) ", text))
        }

    while len(holders()) < 2:
        assert time.monotonic() < deadline
        assert all(process.poll() is None for process in both)
    both[0].kill()
    done = both[1].wait()
    assert done.returncode == 0
    assert done.stdout.startswith("8 trials: 8 finished\n")
    listed = stored(tmp_path / "mine")
    assert [trial["name"] for trial in listed] == [f"trial-{n:04}" for n in range(8)]
    assert len({json.dumps(trial["settings"]) for trial in listed}) == 8
    for trial in listed:
        records = open_run(tmp_path / "mine" / trial["name"]).read_metrics()
        assert [record["epoch"] for record in records] == list(range(1, 7))


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ([], "a search needs a search space: --space FIELD=LOW..HIGH"),
        (["training.learning_rate"], "--space takes FIELD=LOW..HIGH.*found 'training.learning_ra"),
        (["training.learnin_rate=1..2"], "unknown field of training 'learnin_rate'; did you mean"),
        (["training.learning_rate=1e-2..1e-4"], r"learning_rate: 0\.01 is not less than 0\.0001"),
        (["objective.beta=0..4:log"], r"objective\.beta: :log needs positive values, found 0\.0"),
        (["model.latent_size=2.5..9"], r"model\.latent_size takes int, found '2\.5'"),
        (["model.latent_size=0..9"], r"model\.latent_size must be at least 1"),
        (
            ["model.auxiliary_classifier=false..true"],
            "model.auxiliary_classifier takes no range; list its values",
        ),
        (["model.latent_size=4,4"], "needs at least two different values, found '4,4'"),
        (["model.latent_size=4,five"], r"model\.latent_size takes int, found 'five'"),
        (["model=vae,autoencodr"], "did you mean 'autoencoder'"),
        (["model.latent_size=4,5", "model.latent_size=6,7"], "names model.latent_size twice"),
        (["model.prior.components=5..50"], "unknown field of model.prior 'components'"),
        (["data.train_count=100..200"], "data.train_count cannot be searched over: losses on diff"),
    ],
)
def test_an_unusable_search_space_is_a_one_line_error(space: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_space(config(), space)


def test_the_search_space_is_read_in_all_its_forms() -> None:
    texts = [
        "training.learning_rate=0.0001..0.01:log",
        "model.latent_size=2..40",
        "model.network.widths=400/512,256",
        "model.prior=standard-normal,mixture",
    ]
    space = read_space(config(), texts)
    assert space == (
        Range("training.learning_rate", 1e-4, 1e-2, log=True),
        Range("model.latent_size", 2, 40),
        Choices("model.network.widths", ("400", "512,256")),
        Choices("model.prior", ("standard-normal", "mixture")),
    )
    assert [str(dimension) for dimension in space] == texts


def test_other_searches_and_foreign_folders_are_not_touched(tmp_path: Path) -> None:
    run(search_of(RATES), tmp_path / "mine", 1)
    before = (tmp_path / "mine/search.json").read_text()
    other = search_of(RATES, base=config(training__epochs="3"), minimize="selection_loss")
    message = (
        r"holds another search .*training\.epochs: 2 / 3; minimize: validation\.negative_elbo / sel"
    )
    with pytest.raises(InputError, match=message):
        run(other, tmp_path / "mine", 2)
    with pytest.raises(InputError, match=r"storage: None / elsewhere\.journal"):
        run(search_of(RATES), tmp_path / "mine", 2, storage="elsewhere.journal")
    assert (tmp_path / "mine/search.json").read_text() == before
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/letter.txt").write_text("dear")
    with pytest.raises(InputError, match="exists and is not a search; choose another --out"):
        run(search_of(RATES), tmp_path / "precious", 1)


def test_unusable_options_are_one_line_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--minimize takes .* found 'negative_elbo'"):
        search_of(RATES, minimize="negative_elbo")
    with pytest.raises(InputError, match="--seed must be from 0 to"):
        search_of(RATES, seed=-1)
    with pytest.raises(InputError, match="unknown validation loss 'klx'; did you mean 'kl'"):
        run(search_of(RATES, minimize="validation.klx"), tmp_path / "other", 1)
    with pytest.raises(InputError, match="--trials must be at least 1, found 0"):
        run(search_of(RATES), tmp_path, 0)


def test_a_journal_with_an_incomplete_last_line_can_be_used(tmp_path: Path) -> None:
    run(search_of(SIZES), tmp_path, 2)
    with (tmp_path / "trials.journal").open("ab") as file:
        file.write(b'{"op_code": 4, "worker')
    assert run(search_of(SIZES), tmp_path, 3).summary == "3 trials: 3 finished"


def test_a_database_can_be_the_storage_and_its_password_is_not_saved(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    assert (
        run(search_of(SIZES), tmp_path / "mine", 1, storage=url).summary == "1 trials: 1 finished"
    )
    assert (
        run(search_of(SIZES), tmp_path / "mine", 2, storage=url).summary == "2 trials: 2 finished"
    )
    place = "mysql+nothing://me:hush@localhost/trials"
    with pytest.raises(InputError, match=r"storage mysql\+nothing://me:\*\*\*@localhost/trials"):
        run(search_of(SIZES), tmp_path / "other", 1, storage=place)
    assert "hush" not in (tmp_path / "other/search.json").read_text()


def test_without_optuna_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("vaelab.search")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"needs Optuna: pip install 'vaelab\[optuna\]'"):
        __import__("vaelab.search")
