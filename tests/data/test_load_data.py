import subprocess
import sys

import numpy as np

from tests.data.data_files import refused
from vaelab.config import DataConfig
from vaelab.data import load_data


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
