"""The command line as a user runs it: real processes, real files."""

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.commands import run_vaelab
from vaelab import __version__, cli
from vaelab.evaluation import METRICS
from vaelab.figures import COMPARISON_FIGURES, FIGURES
from vaelab.presets import CLASSIFIER_PRESETS, PRESETS
from vaelab.studies import STUDIES

SMALL = [
    *("--data", "wardrobe", "--accelerator", "cpu", "--set"),
    *("data.train_count=300", "data.test_count=100", "training.epochs=2"),
    *("training.batch_size=64", "model.network.widths=32"),
]


PLUGIN = """
import vaelab
from torch import nn

def encoder(shape, outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, outputs))

def decoder(shape, inputs):
    return nn.Sequential(nn.Linear(inputs, 784), nn.Unflatten(1, (1, 28, 28)))

vaelab.register.network("tiny", encoder=encoder, decoder=decoder)
"""


def vaelab(
    *arguments: object, cwd: Path, rc: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if k != "VAELAB_DATA"}
    done = run_vaelab(
        *arguments, cwd=cwd, environment={**inherited, "HOME": str(cwd), **environment}
    )
    assert done.returncode == rc, done.stderr
    if rc == 2:
        assert_refusal(done.stdout, done.stderr)
    return done


def assert_refusal(out: str, error: str) -> None:
    (line,) = error.strip().splitlines()
    assert line.startswith("vaelab: ")
    assert not out


@pytest.fixture
def refusal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Sequence[str], Path], str]:
    """The error message of a command, run in this process because there are many."""

    def said(arguments: Sequence[str], cwd: Path) -> str:
        monkeypatch.chdir(cwd)
        monkeypatch.setenv("HOME", str(cwd))
        monkeypatch.delenv("VAELAB_DATA", raising=False)
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            cli.main(arguments)
        assert stop.value.code == 2
        captured = capsys.readouterr()
        assert_refusal(captured.out, captured.err)
        return captured.err

    return said


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with one conditional run in runs/cvae."""
    path = tmp_path_factory.mktemp("cli")
    done = vaelab("train", "cvae", *SMALL, cwd=path)
    assert "runs/cvae: best epoch" in done.stdout
    assert "active units" in done.stdout
    assert "cvae:" in done.stderr
    vaelab("evaluate", "runs/cvae", "--metrics", "losses", cwd=path)
    return path


def test_from_data_to_comparison(folder: Path) -> None:
    some = ("losses", "image-quality", "conditional-accuracy", "diversity")
    done = vaelab("evaluate", "runs/cvae", "--metrics", *some, cwd=folder)
    assert "negative_elbo" in done.stdout
    assert "floor" in done.stdout
    assert "conditional_accuracy" in done.stdout
    only = ("evaluate", "runs/cvae", "--metrics", "losses", "fid", "--json")
    (evaluation,) = json.loads(vaelab(*only, cwd=folder).stdout)
    metrics = evaluation["metrics"]
    assert len(metrics["fid_proxy"]["features"]) == 64
    assert metrics["negative_elbo"]["unit"] == "nats"
    assert metrics["negative_elbo"]["count"] == 100
    done = vaelab("figures", "runs/cvae", "class-samples", "curves", cwd=folder)
    assert done.stdout.split() == [
        "runs/cvae/figures/class-samples.png",
        "runs/cvae/figures/curves.png",
    ]
    for name in done.stdout.split():
        assert (folder / name).exists()
    (table,) = json.loads(vaelab("compare", "runs/cvae", "--format", "json", cwd=folder).stdout)
    assert table["rows"][0]["metrics"]["negative_elbo"] == metrics["negative_elbo"]
    named = ("compare", "runs/cvae", "--columns", "ssim", "class_diversity")
    assert "ssim (of at most 1)" in vaelab(*named, cwd=folder).stdout


def test_samples_of_any_generator_are_evaluated(
    folder: Path, refusal: Callable[[Sequence[str], Path], str]
) -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (400, 28, 28), dtype=np.uint8)
    np.savez(folder / "mine.npz", images=images, labels=np.arange(400) % 3)
    np.save(folder / "made.npy", images[:150].astype(np.float32) / 255)
    classifier = ("evaluate", "--data", "mine.npz", "--samples")
    done = vaelab(*classifier, "made.npy", cwd=folder)
    for name in ("fid_proxy", "kernel_distance", "precision", "memorization_rate"):
        assert name in done.stdout
    assert "conditional_accuracy" not in done.stdout
    np.save(folder / "wrong.npy", images[:150] * np.float32(0.99))
    wrong = refusal([*classifier, "wrong.npy"], folder)
    assert "floats in [0, 1], found float32 from 0 to 252" in wrong
    both = refusal([*classifier, "made.npy", "runs/cvae"], folder)
    assert "runs or --samples, not both" in both


def test_a_run_with_a_part_of_a_plugin_needs_the_plugin(
    folder: Path, refusal: Callable[[Sequence[str], Path], str]
) -> None:
    (folder / "parts.py").write_text(PLUGIN)
    plugin = ("--plugin", "parts.py")
    settings = ("model.network=tiny", *SMALL[-5:-1])
    train = ("train", "mlp-vae", "--out", "runs/tiny", "--data", "wardrobe", "--set", *settings)
    done = vaelab(*train, *plugin, cwd=folder)
    assert "vaelab evaluate runs/tiny --plugin parts.py" in done.stdout
    evaluate = ("evaluate", "runs/tiny", "--metrics", "losses")
    message = vaelab(*evaluate, cwd=folder, rc=2).stderr
    assert "unknown model.network 'tiny'" in message
    assert "--plugin my_parts.py" in message
    assert "negative_elbo" in vaelab(*evaluate, *plugin, cwd=folder).stdout


def test_stored_samples_are_compared_with_runs(
    folder: Path, refusal: Callable[[Sequence[str], Path], str]
) -> None:
    images = np.random.default_rng(1).integers(0, 256, (200, 28, 28), dtype=np.uint8)
    np.savez(folder / "small.npz", images=images, labels=np.arange(200) % 10)
    data = ("--data", "small.npz")
    vaelab("sample", "runs/cvae", "-n", 120, "--out", "theirs.npz", cwd=folder)
    stored = ("evaluate", "--samples", "theirs.npz", *data, "--metrics", "fid", "--out", "theirs")
    assert "fid_proxy" in vaelab(*stored, cwd=folder).stdout
    table = vaelab("compare", "theirs", "--columns", "fid_proxy", cwd=folder).stdout
    assert table.splitlines()[1].startswith("theirs")
    both = ["evaluate", "runs/cvae", "--out", "x"]
    assert "--data and --out are for --samples" in refusal(both, folder)


def test_a_prior_is_fitted_to_a_run(
    folder: Path, refusal: Callable[[Sequence[str], Path], str]
) -> None:
    vaelab("train", "autoencoder", *SMALL, cwd=folder)
    components = ("--set", "model.prior.components=4")
    done = vaelab("fit-prior", "runs/autoencoder", *components, cwd=folder)
    assert "runs/autoencoder-gmm: best epoch 1 of 1" in done.stdout
    vaelab("sample", "runs/autoencoder-gmm", "-n", 3, "--out", "gmm.png", cwd=folder)
    assert vaelab("fit-prior", "runs/autoencoder", *components, cwd=folder).stdout == done.stdout
    wrong = refusal(["fit-prior", "runs/autoencoder", "--prior", "gmn"], folder)
    assert "did you mean 'gmm'" in wrong
    small = ("model.prior.layers=1", "model.prior.width=16", "training.epochs=1")
    trained = ("fit-prior", "runs/autoencoder", "--prior", "flow-matching", "--set", *small)
    assert "runs/autoencoder-flow-matching" in vaelab(*trained, cwd=folder).stdout
    options = ("--temperature", 0.8, "--solver-steps", 3, "--out", "cold.png")
    vaelab("sample", "runs/autoencoder-flow-matching", "-n", 3, *options, cwd=folder)
    assert (folder / "cold.png").exists()
    sample = ["sample", "runs/autoencoder-gmm"]
    assert "no solver" in refusal([*sample, "--solver-steps", "3"], folder)
    assert "must not be negative" in refusal([*sample, "--temperature", "-1"], folder)

    several = ("evaluate", "runs/autoencoder", "runs/autoencoder-gmm", "--metrics", "losses", "fid")
    done = vaelab(*several, "--sample-count", 60, cwd=folder)
    assert done.stdout.count("reconstruction") == 2
    assert done.stdout.count("fid_proxy") == 1
    assert "left out: frechet, it needs samples" in done.stdout


def test_a_classifier_is_trained_by_name(
    folder: Path, refusal: Callable[[Sequence[str], Path], str]
) -> None:
    arguments = (
        *("train", "second-classifier", "--data", "wardrobe", "--accelerator", "cpu", "--set"),
        *("data.train_count=300", "data.test_count=100", "training.epochs=1"),
        *("training.batch_size=50", "network.widths=4,8"),
    )
    done = vaelab(*arguments, cwd=folder)
    assert "runs/second-classifier: accuracy " in done.stdout
    card = json.loads((folder / "runs/second-classifier/classifier.json").read_text())
    assert card["command"].startswith("vaelab train second-classifier --set data.name=wardrobe")
    assert vaelab(*arguments, cwd=folder).stdout == done.stdout
    wrong = refusal(["train", "classifier", "--set", "network.width=4"], folder)
    assert "did you mean 'widths'" in wrong


def test_the_same_command_again_trains_nothing(
    folder: Path, refusal: Callable[[Sequence[str], Path], str]
) -> None:
    before = (folder / "runs/cvae/metrics.jsonl").stat().st_mtime_ns
    vaelab("train", "cvae", *SMALL, cwd=folder)
    assert (folder / "runs/cvae/metrics.jsonl").stat().st_mtime_ns == before
    other = ["train", "cvae", *SMALL[:-1], "model.network.widths=16"]
    assert "model.network.widths: (32,) / (16,)" in refusal(other, folder)


def test_samples_are_saved_as_picture_or_as_numbers(folder: Path) -> None:
    vaelab("sample", "runs/cvae", "-n", 12, "--class", "Bag", "--out", "b.png", cwd=folder)
    with Image.open(folder / "b.png") as image:
        assert image.mode == "L"
        assert image.size == (3 * (10 * 30 - 2), 3 * (2 * 30 - 2))
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        vaelab("sample", "runs/cvae", "--out", f"{name}.npz", "--seed", seed, cwd=folder)
    one, same, other = (
        np.load(folder / f"{name}.npz", allow_pickle=False) for name in ("one", "same", "other")
    )
    assert one["images"].shape == (50, 1, 28, 28)
    assert one["images"].min() >= 0
    assert one["images"].max() <= 1
    assert np.array_equal(one["labels"], np.arange(50) % 10)
    assert np.array_equal(one["images"], same["images"])
    assert not np.array_equal(one["images"], other["images"])


def test_data_show(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    np.savez(
        tmp_path / "mine.npz", x_train=pixels.astype(int), y_train=np.arange(40)[:, None] % 4 + 1
    )
    done = vaelab("data", "show", "--data", "mine.npz", cwd=tmp_path)
    assert "npz:mine" in done.stdout
    assert "x_train: pixel values from 0 to 255, used as 8-bit values" in done.stdout
    assert "y_train: the classes 1, 2, 3, 4 are numbered from 0 to 3" in done.stdout
    assert "in [0, 1]: yes" in done.stdout
    assert (tmp_path / "runs/data/images.png").exists()
    summary = json.loads(
        vaelab("data", "show", "--data", "mine.npz", "--json", cwd=tmp_path).stdout
    )
    splits = summary["splits"].values()
    assert sum(split["images"] for split in splits) == 40
    assert all(sum(split["class_counts"]) == split["images"] for split in splits)
    assert summary["class_names"] == ["1", "2", "3", "4"]


def test_a_csv_of_other_images_is_not_fashion_mnist(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).integers(0, 10, (20, 785))
    for split in ("train", "test"):
        np.savetxt(tmp_path / f"fashion-mnist_{split}.csv", rows, "%d", ",")
    train = ("train", "mlp-vae", "--out", "run")
    message = vaelab(*train, cwd=tmp_path, rc=2, VAELAB_DATA=str(tmp_path)).stderr
    assert "expected the published images and labels of Fashion-MNIST" in message
    assert not (tmp_path / "run").exists()
    (path,) = re.findall('`--data "(.+)"`', message)
    shown = vaelab("data", "show", "--data", path, cwd=tmp_path).stdout
    assert shown.startswith("csv:fashion-mnist_train: rows of ")


def test_a_folder_of_images_is_a_data_set(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for index in range(30):
            pixels = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{index}.png")
    settings = ["--set", "training.epochs=1", "model.network.channels=4,8"]
    vaelab("train", "conv-vae", "--data", "pets", "--accelerator", "cpu", *settings, cwd=tmp_path)
    vaelab("evaluate", "runs/conv-vae", "--metrics", "losses", cwd=tmp_path)
    vaelab("sample", "runs/conv-vae", "--out", "pets.png", cwd=tmp_path)
    with Image.open(tmp_path / "pets.png") as image:
        assert image.mode == "RGB"


def photographs(folder: Path) -> Path:
    """Color images of several sizes, in the folders Train and Valid, as a camera names them."""
    random = np.random.default_rng(0)
    for split, count in (("Train", 30), ("Valid", 6)):
        (folder / split).mkdir(parents=True)
        for index in range(count):
            height, width = random.integers(20, 50, 2)
            pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / split / f"IMG_{index:04}.JPG")
        (folder / split / "Thumbs.db").write_bytes(b"")
    return folder


UNDERSTOOD = (
    "train: 30 images in Train/",
    "validation: 6 images in Valid/",
    "no classes: the images are in no class folders",
    "passed over: Thumbs.db (2)",
    "8-bit files: pixel values from 0 to 255, used as 8-bit values",
    "no test images were given: 3 of the 30 training images were set aside for testing",
)


def test_photographs_of_several_sizes(
    tmp_path: Path, refusal: Callable[[Sequence[str], Path], str]
) -> None:
    photographs(tmp_path / "photos")
    train = ["train", "conv-vae", "--data", "photos", "--accelerator", "cpu"]
    assert "--resize N with --crop or --pad" in refusal(train, tmp_path)
    assert "--crop cuts out the middle" in refusal([*train, "--resize", "16"], tmp_path)
    assert "need --resize N" in refusal([*train, "--pad"], tmp_path)
    assert "omit one" in refusal([*train, "--resize", "16", "--pad", "--crop"], tmp_path)
    assert "from 1 to 4096" in refusal([*train, "--resize", "0"], tmp_path)

    reading = ("--resize", "16", "--crop", "--grey")
    settings = ("--set", "training.epochs=1", "model.network.channels=4,8")
    done = vaelab(*train, *reading, *settings, cwd=tmp_path)
    start = done.stderr.partition("conv-vae:")[0]
    for line in UNDERSTOOD:
        assert f"vaelab: data: {line}\n" in start
    config = json.loads((tmp_path / "runs/conv-vae/config.json").read_text())["data"]
    assert (config["resize"], config["fit"], config["gray"]) == (16, "crop", True)
    # The images are read in the same way again.
    vaelab("evaluate", "runs/conv-vae", "--metrics", "losses", cwd=tmp_path)
    vaelab(
        *train,
        "--set",
        "data.resize=16",
        "data.fit=crop",
        "data.gray=true",
        *settings[1:],
        cwd=tmp_path,
    )

    shown = vaelab("data", "show", "--data", "photos", "--resize", "8", "--pad", cwd=tmp_path)
    for line in UNDERSTOOD:
        assert f"  {line}\n" in shown.stdout
    summary = vaelab(
        "data", "show", "--data", "photos", "--resize", "8", "--pad", "--json", cwd=tmp_path
    )
    assert json.loads(summary.stdout)["image_shape"] == [3, 8, 8]
    assert set(UNDERSTOOD) <= {*json.loads(summary.stdout)["notes"]}


def test_a_warning_of_constant_images_comes_before_training(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 9, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "dark.npz", images=pixels)
    settings = ("--set", "training.epochs=1", "model.network.widths=8")
    done = vaelab("train", "mlp-vae", "--data", "dark.npz", *settings, cwd=tmp_path)
    warning, progress = "36 of 36 train images, 4 of 4 test images are constant", "mlp-vae:"
    assert 0 < done.stderr.index(warning) < done.stderr.index(progress)


def test_options_for_photographs_with_other_data(
    tmp_path: Path, refusal: Callable[[Sequence[str], Path], str]
) -> None:
    search = ["search", "mlp-vae", "--space", "objective.beta=1,2"]
    for command in (["train", "mlp-vae"], ["data", "show"], search, ["study"]):
        arguments = [*command, "--data", "wardrobe", "--resize", "16"]
        assert "not for wardrobe; omit them" in refusal(arguments, tmp_path)
    assert "for --samples" in refusal(["evaluate", "runs/x", "--resize", "16"], tmp_path)


def test_doctor(tmp_path: Path) -> None:
    found = json.loads(vaelab("doctor", "--json", cwd=tmp_path).stdout)
    assert found["fashion-mnist"] == "not found; run: vaelab data fetch"
    assert {"torch", "gpu", "umap-learn", "tensorboard"} <= found.keys()


def output_of(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a help option prints, with single spaces."""
    with contextlib.suppress(SystemExit):
        cli.main(arguments)
    return " ".join(capsys.readouterr().out.split())


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert output_of(["--version"], capsys) == f"vaelab {__version__}"


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("train", [*PRESETS, *CLASSIFIER_PRESETS, "objective.beta=1.0"]),
        ("evaluate", [*METRICS, "fid_proxy", "negative_elbo"]),
        ("figures", FIGURES),
        ("compare", COMPARISON_FIGURES),
        ("study", STUDIES),
    ],
)
def test_help_lists_the_names_that_a_command_accepts(
    command: str, names: Iterable[str], capsys: pytest.CaptureFixture[str]
) -> None:
    text = output_of([command, "--help"], capsys)
    assert not [name for name in names if f" {name} " not in text]


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_the_help_of_a_flag_states_its_default(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "(default: True)" not in output_of([command, "--help"], capsys)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "plugin mine.py is missing"),
        ("x = 1\nx = = 2", "plugin mine.py line 2: SyntaxError"),
        ("\ndef part():\n    return 1 / 0\n\n\npart()", "mine.py line 3: ZeroDivisionError"),
    ],
)
@pytest.mark.parametrize("command", [["train", "mlp-vae"], ["evaluate", "x"], ["study"]])
def test_an_unusable_plugin_is_a_one_line_error(
    command: list[str],
    text: str | None,
    message: str,
    tmp_path: Path,
    refusal: Callable[[Sequence[str], Path], str],
) -> None:
    if text is not None:
        (tmp_path / "mine.py").write_text(text)
    assert message in refusal([*command, "--plugin", "mine.py"], tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "trian"),
        (["train"], "PRESET"),
        (["train", "mlp-vea"], "did you mean 'mlp-vae'"),
        (["train", "mlp-vae", "--set", "training.epoch=3"], "did you mean 'epochs'"),
        (["train", "mlp-vae", "--set", "seed"], "--set takes FIELD=VALUE"),
        (["train", "mlp-vae", "--data", "wardrobbe"], "did you mean 'wardrobe'"),
        (["train", "mlp-vae", "--data", "nowhere/images"], "nowhere/images"),
        (["train", "mlp-vae", "--data", "nothing.npz"], "nothing.npz"),
        (["train", "mlp-vae", "--data-dir", "/dev"], "lacks train-images-idx3-ubyte"),
        (["train", "mlp-vae", "--devices", "two"], "--devices"),
        (["evaluate"], "at least one run folder"),
        (["evaluate", "runs/cvae", "--data", "wardrobe"], "--data and --out are for --samples"),
        (["evaluate", "--samples", "x.npy", "-k", "3"], "are for runs, not for --samples"),
        (["evaluate", "nowhere"], "nowhere is not a run folder"),
        (["compare", "nowhere"], "nowhere is not a run folder"),
        (["figures", "nowhere"], "nowhere is not a run folder"),
        (["sample", "nowhere"], "nowhere is not a run folder"),
        (["study", "quik"], "did you mean 'quick'"),
        (["data", "look"], "look"),
    ],
)
def test_invalid_input_is_a_one_line_error_with_exit_code_2(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    refusal: Callable[[Sequence[str], Path], str],
) -> None:
    assert message in refusal(arguments, tmp_path)
    assert not (tmp_path / "runs").exists()


def test_a_process_exits_with_the_code_of_its_error(tmp_path: Path) -> None:
    assert "did you mean 'mlp-vae'" in vaelab("train", "mlp-vea", cwd=tmp_path, rc=2).stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample", "runs/cvae", "--class", "Bagg"], "did you mean 'Bag'"),
        (["sample", "runs/cvae", "--out", "x.gif"], ".png or .npz"),
        (["sample", "runs/cvae", "-n", "0"], "the number of samples must be at least 1"),
        (["figures", "runs/cvae", "sampels"], "did you mean 'samples'"),
        (["figures", "runs/cvae", "latent"], "it needs 2 latent dimensions"),
        (["compare", "runs/cvae", "--format", "tabel"], "did you mean 'table'"),
        (["compare", "runs/cvae", "--figure", "rates"], "did you mean 'rate-distortion'"),
    ],
)
def test_invalid_requests_of_a_run_are_one_line_errors(
    arguments: list[str],
    message: str,
    folder: Path,
    refusal: Callable[[Sequence[str], Path], str],
) -> None:
    assert message in refusal(arguments, folder)


@pytest.mark.real_data
def test_real_images_from_the_environment_variable(tmp_path: Path) -> None:
    done = vaelab(
        "train",
        *("mlp-vae", "--accelerator", "cpu", "--set", "data.train_count=6000"),
        *("training.epochs=2",),
        cwd=tmp_path,
        VAELAB_DATA=os.environ["VAELAB_DATA"],
    )
    assert "runs/mlp-vae: best epoch 2 of 2" in done.stdout
    config = json.loads((tmp_path / "runs/mlp-vae/config.json").read_text())
    assert config["data_card"]["name"] == "fashion-mnist"
