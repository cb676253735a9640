"""Imports go one way: a module imports only what stands above it in this list."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import vaelab

PACKAGE = Path(vaelab.__file__).parent
LAYERS = [
    "names",
    "errors",
    "files",
    "memory",
    "documents",
    "cache",
    "locks",
    "folders",
    "randomness",
    "arithmetic",
    "distributions",
    "entropy_coding",
    "statistics",
    "parts",
    "config",
    "settings",
    "plugins",
    "formatting",
    "statistics",
    "site_assets",
    "explorer_files",
    "pictures",
    "notebook",
    "data",
    "pretrained_runs",
    "models",
    "objectives",
    "presets",
    "derived_settings",
    "preset_changes",
    "pairing",
    "devices",
    "runs",
    "training",
    "features",
    "loaded_run",
    "sampling",
    "needs",
    "projections",
    "latent_dimensions",
    "encoding",
    "compression",
    "evaluation",
    "comparison",
    "figures",
    "export",
    "explorer",
    "report",
    "studies",
    "search",
    "serving",
    "demo",
    "doctor",
    "register",
    "cli",
    "__main__",
]
FILES = sorted(PACKAGE.rglob("*.py"))


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_layers(path: Path) -> set[str]:
    layers = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vaelab."):
            layers.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.module == "vaelab":
            layers.update(alias.name for alias in node.names)
    return layers


def test_every_module_has_its_place_in_the_list() -> None:
    assert {layer_of(path) for path in FILES} - {"__init__"} == set(LAYERS)


@pytest.mark.parametrize(
    "path", [f for f in FILES if layer_of(f) != "__init__"], ids=lambda p: str(p.name)
)
def test_imports_go_upward_only(path: Path) -> None:
    own = LAYERS.index(layer_of(path))
    below = {name for name in imported_layers(path) if LAYERS.index(name) > own}
    assert not below, f"{path} imports {below} from below itself"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_pickle_is_read_or_written(path: Path) -> None:
    text = path.read_text()
    names = {
        name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None), *(alias.name for alias in node.names)]
    }
    assert not names & {"pickle", "joblib", "dill", "shelve", "marshal"}
    for forbidden in ("torch.load(", "torch.save(", "allow_pickle=True"):
        assert forbidden not in text


@pytest.mark.parametrize(
    "arguments", [["--help"], ["train", "--help"], ["search", "--help"], ["open", "--help"]]
)
def test_help_does_not_import_torch(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from vaelab.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as stop:\n    assert not stop.code\n"
        "heavy = {'torch', 'matplotlib', 'sklearn', 'lightning_fabric'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "usage: vaelab" in done.stdout
