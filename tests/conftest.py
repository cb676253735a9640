import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from jaxtyping import install_import_hook

from tests.shape_checks import modules_with_shapes

# Tests run in parallel, and their models are too small for threads to help.
os.environ["OMP_NUM_THREADS"] = "1"
# A shell's background jobs ignore Ctrl-C, and what they start inherits that; some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The time of an example depends more on other processes than on vaelab.
hypothesis.settings.register_profile("vaelab", deadline=None)
hypothesis.settings.load_profile("vaelab")

# Before anything of vaelab is imported: every annotated shape is checked while tests run. In
# modules without shapes the checks would only repeat those of mypy, and take most of the time.
install_import_hook(modules_with_shapes(), "tests.shape_checks.check")

from vaelab.config import Config
from vaelab.data import Dataset, ImageData, load_data
from vaelab.presets import preset
from vaelab.runs import Run
from vaelab.settings import describe_fields, with_settings
from vaelab.training import fit

# A second of training: enough for every part to take part.
TINY = {
    "data.name": "wardrobe",
    "data.train_count": "300",
    "data.test_count": "120",
    "training.epochs": "2",
    "training.batch_size": "64",
    "training.preview_every_epochs": "1",
}
# Sizes that make models small, for presets that have these fields.
TINY_SIZES = {
    "model.network.widths": "32",
    "model.network.channels": "4,8",
    "model.network.width": "32",
    "model.channels": "4,8",
    "model.codebook_size": "16",
    "model.code_size": "4",
    "model.upper_size": "3",
    "model.lower_size": "4",
    "model.width": "32",
    "model.top_size": "4",
    "model.latent_channels": "2",
    "model.likelihood.maps": "3",
    "model.likelihood.channels": "8",
    "model.likelihood.blocks": "2",
    "model.likelihood.width": "8",
    "model.prior.components": "5",
    "model.prior.layers": "2",
    "model.prior.width": "16",
    "model.prior.solver_steps": "3",
}


# Tests of whole commands, studies, pages and processes, which `make test-fast` leaves out.
SLOW = (
    "browser/",
    "compression/test_files",
    "evaluation/",
    "figures/",
    "report/test_site",
    "studies/",
    "test_any_content",
    "test_cli",
    "test_emulated_gpu",
    "test_explorer",
    "test_export",
    "test_extending",
    "test_fuzz",
    "test_notebook",
    "test_packaging",
    "test_pretrained",
    "test_search",
    "test_serving",
    "test_streams",
    "test_windows",
    "training/test_processes",
    "training/test_resume",
)


# For tests with these markers: whether this system has what they need, and what that is.
SYSTEMS = {
    "linux": (sys.platform == "linux", "needs Linux"),
    "posix": (sys.platform != "win32", "needs POSIX"),
    "real_data": (bool(os.environ.get("VAELAB_DATA")), "VAELAB_DATA is not set"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    # Slow files first, so that no process is left with one of them at the end.
    items.sort(key=lambda item: _is_slow(item, folder), reverse=True)
    for item in items:
        if _is_slow(item, folder):
            item.add_marker(pytest.mark.slow)
        for marker, (is_met, reason) in SYSTEMS.items():
            if marker in item.keywords and not is_met:
                item.add_marker(pytest.mark.skip(reason=f"{item.name}: {reason}"))


def _is_slow(item: pytest.Item, folder: Path) -> bool:
    return item.path.relative_to(folder).as_posix().startswith(SLOW)


def tiny(name: str, **settings: str) -> Config:
    """A preset whose network and training are small."""
    config = preset(name)
    fields = dict(describe_fields(config))
    changes = TINY | {field: size for field, size in TINY_SIZES.items() if field in fields}
    return with_settings(config, changes | {k.replace("__", "."): v for k, v in settings.items()})


@pytest.fixture(scope="session")
def common_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all test processes of this session share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session", autouse=True)
def _own_cache(common_folder: Path) -> Iterator[None]:
    """Classifiers and features are cached for the session, for child processes too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(common_folder / "cache"))
        yield


@pytest.fixture(scope="session")
def wardrobe() -> Dataset:
    """300 training and 120 test garments."""
    return load_data(tiny("mlp-vae").data)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, wardrobe: Dataset) -> "TrainedRuns":
    """Runs of presets made small, each trained once in the whole session."""
    return TrainedRuns(tmp_path_factory.mktemp("runs"), wardrobe)


class TrainedRuns:
    def __init__(self, folder: Path, dataset: Dataset) -> None:
        self.folder = folder
        self.dataset = dataset

    def __getitem__(self, name: str) -> Run:
        return fit(tiny(name), self.folder / name, dataset=self.dataset, show_progress=False)


def noise_images(count: int, shape: tuple[int, int, int], *, classes: int) -> ImageData:
    """Images of any shape that show nothing; without labels where there are no classes."""
    random = np.random.default_rng(0)
    return ImageData(
        name="noise",
        images=random.integers(0, 256, (count, *shape), dtype=np.uint8),
        labels=np.arange(count) % classes if classes else None,
        class_names=tuple("abcdefghij"[:classes]),
    )


# Images that are not ten labeled classes of gray ones: classes, shape and count.
ODD_DATA: dict[str, tuple[int, tuple[int, int, int], int]] = {
    "one class": (1, (1, 28, 28), 40),
    "three classes": (3, (1, 28, 28), 40),
    "seven classes": (7, (1, 28, 28), 70),
    "color": (3, (3, 12, 12), 40),
    "unlabeled": (0, (1, 28, 28), 47),
    "one test image": (0, (1, 28, 28), 40),
}


def odd_data(kind: str) -> Dataset:
    classes, shape, count = ODD_DATA[kind]
    data = noise_images(count, shape, classes=classes)
    test = data.take(np.arange(1)) if kind == "one test image" else data
    return Dataset(train=data, test=test, source="noise")
