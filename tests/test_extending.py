"""Every program of docs/extending.md runs by itself in another folder."""

import inspect
import re
from pathlib import Path

import pytest

import vaelab
from tests.commands import run_python, run_vaelab
from vaelab.runs import open_run

PAGE = Path(__file__).parents[1] / "docs" / "extending.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


# What the page calls models of a user's own.
NAMES = {"ladder": "ladder VAE", "my-vq": "my VQ model"}


def title(program: str) -> str:
    found = re.search(r'"runs/([\w-]+)"', program)
    assert found
    return found[1]


def test_the_page_has_all_kinds_of_parts() -> None:
    page = "\n".join(PROGRAMS)
    functions = inspect.getmembers(vaelab.register, inspect.isfunction)
    kinds = [
        name
        for name, each in functions
        if each.__module__ == "vaelab.register" and not name.startswith("_")
    ]
    assert len(kinds) == 9
    assert all(f"vaelab.register.{kind}" in page for kind in kinds)


@pytest.mark.parametrize("program", PROGRAMS, ids=title)
def test_the_program_runs_by_itself(program: str, tmp_path: Path) -> None:
    (tmp_path / "my_parts.py").write_text(program, encoding="utf-8")
    done = run_python("my_parts.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = open_run_of(tmp_path, title(program))
    assert found is None or found.is_finished()
    for picture in re.findall(r'save\("(.*?)"\)', program):
        assert (tmp_path / picture).stat().st_size > 1000
    if "build_site" in program:
        name = title(program)
        page = (tmp_path / "runs/site/runs" / f"{name}.html").read_text(encoding="utf-8")
        assert name in page
        assert NAMES.get(name, "vae").lower() in page.lower()


def open_run_of(folder: Path, name: str) -> object:
    """The run, where its parts are vaelab's own or only named."""
    return open_run(folder / "runs" / name) if name in ("sharp", "features", "circles") else None


def test_the_command_line_trains_evaluates_and_resumes_with_a_plugin(tmp_path: Path) -> None:
    (tmp_path / "my_parts.py").write_text(PROGRAMS[0], encoding="utf-8")
    train = [
        *("train", "mlp-vae", "--data", "wardrobe", "--out", "run"),
        *("--set", "model.network=tiny", "training.epochs=1"),
        *("data.train_count=300", "data.test_count=60"),
    ]
    refused = run_vaelab(*train, cwd=tmp_path)
    assert refused.returncode == 2
    assert "unknown model.network 'tiny'" in refused.stderr
    plugin = ["--plugin", "my_parts.py"]
    assert run_vaelab(*train, *plugin, cwd=tmp_path).returncode == 0
    evaluate = ["evaluate", "run", "--metrics", "losses"]
    missing = run_vaelab(*evaluate, cwd=tmp_path)
    assert missing.returncode == 2
    assert "tiny" in missing.stderr
    done = run_vaelab(*evaluate, *plugin, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "negative_elbo" in done.stdout


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("import vaelab\nvaelab.register.netwrok('x')\n", "my_parts.py line 2: AttributeError"),
        ("def broken(:\n", "my_parts.py line 1: SyntaxError"),
        ("raise SystemError\n", "my_parts.py line 1: SystemError"),
    ],
)
def test_an_error_in_a_plugin_is_one_line(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "my_parts.py").write_text(content, encoding="utf-8")
    done = run_vaelab("train", "mlp-vae", "--plugin", "my_parts.py", cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert message in line


def test_a_missing_plugin_is_one_line(tmp_path: Path) -> None:
    done = run_vaelab("train", "mlp-vae", "--plugin", "none.py", cwd=tmp_path)
    assert done.returncode == 2
    assert "plugin none.py is missing" in done.stderr
    assert list(tmp_path.iterdir()) == []
