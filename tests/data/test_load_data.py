import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.data_files import refused
from vaelab.config import DataConfig
from vaelab.data import NEED_PATH, data_config, load_data


def test_a_data_set_is_found_by_its_name(tmp_path):
    np.savez(tmp_path / "mine.npz", images=np.zeros((20, 4, 4), np.uint8))
    config = DataConfig(name="npz", path=str(tmp_path / "mine.npz"))
    assert load_data(config).name == "npz:mine"


def test_an_unknown_name():
    with refused("'fashion-mnits'", "did you mean 'fashion-mnist'?"):
        load_data(DataConfig(name="fashion-mnits"))


def test_data_is_read_without_torch():
    code = "import sys, vaelab.data, vaelab.data.summary; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_images(folder: Path) -> None:
    (folder / "boots").mkdir(parents=True)
    for index in range(4):
        pixels = np.random.default_rng(index).integers(0, 256, (4, 4)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "boots" / f"{index}.png")


@pytest.mark.parametrize("name", NEED_PATH)
def test_a_folder_with_the_name_of_a_source_that_needs_a_path(here, name, capsys):
    assert data_config(name) == DataConfig(name=name)
    write_images(here / name)
    assert data_config(name) == DataConfig(name="folder", path=str(here / name))
    assert load_data(data_config(name)).name == f"folder:{name}"
    assert capsys.readouterr().err == ""


def test_a_folder_with_the_name_of_a_built_in_data_set(here, capsys):
    assert data_config("wardrobe") == DataConfig(name="wardrobe")
    assert capsys.readouterr().err == ""
    write_images(here / "wardrobe")
    assert data_config("wardrobe") == DataConfig(name="wardrobe")
    assert capsys.readouterr().err == (
        "vaelab: wardrobe means the built-in data set; the folder of that name is ./wardrobe\n"
    )
    for path in ("./wardrobe", here / "wardrobe", "wardrobe/"):
        found = data_config(str(path))
        assert found == DataConfig(name="folder", path=str(here / "wardrobe"))
    assert capsys.readouterr().err == ""


def test_a_path_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_images(tmp_path / "mine")
    assert data_config("~/mine").path == str(tmp_path / "mine")
