"""The tour in notebooks/ runs from top to bottom as it is, and shows what it promises."""

import ast
import base64
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

import vaelab

TOUR = Path(__file__).parents[1] / "notebooks" / "tour.ipynb"
SECONDS = 300  # for one cell on the slowest machine; all together take half a minute

# Before the tour's own cells: it must get by without a warning.
STRICT = "import warnings; warnings.simplefilter('error')"


@pytest.fixture(scope="module")
def notebook() -> Any:
    return nbformat.read(TOUR, as_version=4)


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The tour as a new kernel of this interpreter leaves it, in a new folder and home."""
    folder = tmp_path_factory.mktemp("tour")
    spec = folder / "jupyter" / "kernels" / "tour" / "kernel.json"
    spec.parent.mkdir(parents=True)
    launch = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": launch, "display_name": "tour", "language": "python"}))
    work = folder / "work"
    work.mkdir()
    places = {
        "HOME": folder / "home",
        "IPYTHONDIR": folder / "ipython",
        "JUPYTER_CONFIG_DIR": folder / "config",
        "JUPYTER_DATA_DIR": folder / "data",
        "JUPYTER_PATH": folder / "jupyter",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "MPLCONFIGDIR": mpl.get_cachedir(),  # or it would search for fonts again
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, place in places.items():
            patch.setenv(name, str(place))
        patch.setenv("OMP_NUM_THREADS", "1")  # threads that wait for each other, on busy cores
        patch.delenv("VAELAB_DATA", raising=False)
        tour = nbformat.read(TOUR, as_version=4)
        tour.cells.insert(0, nbformat.v4.new_code_cell(STRICT))
        resources = {"metadata": {"path": str(work)}}
        NotebookClient(tour, kernel_name="tour", timeout=SECONDS, resources=resources).execute()
    tour.cells.pop(0)
    tour.metadata["work"] = str(work)
    return tour


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell: Any) -> dict[str, str]:
    """What a cell ends with, by kind."""
    (output,) = [each for each in cell.outputs if each.output_type == "execute_result"]
    return dict(output.data)


def cell_with(notebook: Any, code: str) -> dict[str, str]:
    """What the first cell that holds `code` shows."""
    return shown(next(cell for cell in code_cells(notebook) if code in cell.source))


def pixels(png: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("L"))


def embedded_images(html: str) -> list[np.ndarray]:
    return [pixels(data) for data in re.findall(r"data:image/png;base64,([^\"]+)", html)]


def numbers(html: str) -> list[float]:
    cells = re.findall(r"<td[^>]*>(?:<strong>)?(-?\d+\.\d+(?:e-?\d+)?)(?:</strong>)?</td>", html)
    return [float(number) for number in cells]


def test_nothing_is_said_on_the_side(executed: Any) -> None:
    outputs = [output for cell in code_cells(executed) for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"execute_result"}


def test_every_figure_is_drawn(executed: Any) -> None:
    figures = [cell for cell in code_cells(executed) if "figure(" in cell.source]
    assert len(figures) == 3
    for cell in figures:
        picture = pixels(shown(cell)["image/png"])
        assert picture.shape[1] > 900
        assert picture.std() > 5


def test_images_are_seen(executed: Any) -> None:
    counts = {"load_data": 10, "load_run": 10, "sample(vae, 30": 30, "sample(tailor, 20)": 20}
    for code, count in counts.items():
        images = embedded_images(cell_with(executed, code)["text/html"])
        assert len(images) == count
        assert all(image.shape == (28, 28) and image.std() > 5 for image in images)
    assert "10 samples of conditional, Bag" in cell_with(executed, 'class_name="Bag"')["text/html"]


def test_tables_hold_numbers(executed: Any) -> None:
    results = cell_with(executed, '"disentanglement"')["text/html"]
    for name in ("reconstruction", "kl", "negative_elbo", "mig", "factor_vae_score"):
        assert f">{name}</td>" in results
    assert len(numbers(results)) > 20
    compared = cell_with(executed, "vaelab.compare(")["text/html"]
    rebuilt = re.search(r"autoencoder</td>.*?<strong>([\d.]+)</strong>", compared)
    assert rebuilt is not None
    total = float(re.findall(r"[\d.]+", cell_with(executed, "negative ELBO:")["text/plain"])[0])
    assert 193.9 < float(rebuilt[1]) < total < 260, "between the floor and what was learned"


def test_it_leaves_what_it_says(executed: Any) -> None:
    runs = Path(executed.metadata["work"]) / "runs" / "tour"
    assert {path.name for path in runs.iterdir()} == {
        "vae",
        "conditional",
        "autoencoder",
        "bags.png",
        "autoencoder-vs-vae.png",
    }


def test_outputs_name_no_place_of_this_machine(executed: Any) -> None:
    text = json.dumps([cell.outputs for cell in code_cells(executed)])
    for place in (executed.metadata["work"], str(Path.home()), sys.prefix):
        assert place not in text


def test_it_is_kept_without_outputs(notebook: Any) -> None:
    nbformat.validate(notebook)
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    absolute = re.compile(r"(?<![\w.:/])(?:/[a-z]\w*/\w|~/|[A-Z]:\\)")
    assert not absolute.search(TOUR.read_text(encoding="utf-8"))


def test_it_uses_public_names_alone(notebook: Any) -> None:
    for cell in code_cells(notebook):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= {"vaelab"}
            elif isinstance(node, ast.ImportFrom):
                assert node.module == "pathlib"
            elif isinstance(node, ast.Attribute):
                assert not node.attr.startswith("_")
                if isinstance(node.value, ast.Name) and node.value.id == "vaelab":
                    assert node.attr in vaelab.__all__
