"""What the documentation promises."""

import re
from pathlib import Path

import pytest

import vaelab
from vaelab import cli
from vaelab.studies import toml_file

DOCS = Path(__file__).parents[1] / "docs"


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", vaelab.__all__)
def test_every_public_name_is_in_the_reference(name: str) -> None:
    assert re.search(rf"auto\w+:: vaelab\.{name}$", (DOCS / "api.md").read_text(), re.MULTILINE)


def test_python_blocks_run(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("faq.md", "python")
    exec(compile(code, "faq.md", "exec"), {})  # noqa: S102
    assert (
        "<Dataset mine: 180 training and 20 test images of 1 x 16 x 24" in capsys.readouterr().out
    )


def test_the_example_of_your_own_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (script,) = blocks("your-images.md", "python")
    output = " ".join(blocks("your-images.md", "text")[0].split())
    monkeypatch.chdir(tmp_path)
    exec(compile(script, "your-images.md", "exec"), {})  # noqa: S102
    show = ["data", "show", "--data", "photos"]
    with pytest.raises(SystemExit):
        cli.main(show)
    message = capsys.readouterr().err.replace(f"{tmp_path}/", "")
    assert " ".join(message.split()) in output
    cli.main([*show, "--resize", "32", "--crop"])
    lines = capsys.readouterr().out.replace(f"{tmp_path}/", "").splitlines()
    # Statistics depend on the decoder of JPEG files.
    understood = [line for line in lines if "entropy" not in line]
    assert len(understood) == len(lines) - 3
    for line in understood:
        assert " ".join(line.split()) in output


def test_the_reference_of_the_study_file_has_every_key() -> None:
    page = (DOCS / "study-file.md").read_text(encoding="utf-8")
    of_study, of_run = (
        re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)
        for part in page.split("## Keys of the study")[1].split("## Keys of a run")
    )
    assert sorted(of_study) == sorted(toml_file.STUDY_KEYS)
    assert set(of_run) == {*toml_file.RUN_KEYS, *toml_file.DERIVED_KEYS}


def test_the_example_of_the_study_file_is_a_study(tmp_path: Path) -> None:
    (example,) = blocks("study-file.md", "toml")
    (tmp_path / "my_parts.py").write_text("")
    path = tmp_path / "mine.toml"
    path.write_text(example)
    study = toml_file.read_study(path)
    assert (len(study.configs), len(study.derived)) == (14, 12)
    assert "sweep-beta-0.5-latent_size-2-seed-1" in study.configs
    assert "sweep-gmm-beta-0.5-latent_size-2-seed-1" in study.derived
    assert not any(name.startswith("sweep-beta") for name in study.runs_with_figures)
