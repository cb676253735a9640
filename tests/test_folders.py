"""Folders that vaelab replaces: nothing is removed that it did not make."""

import json
from pathlib import Path

import pytest

from vaelab.errors import InputError
from vaelab.folders import MARK, atomic_folder, require_inside, require_no_way_out


def make(path: Path, **files: str) -> None:
    """A folder as vaelab makes it; double underscores in names of files are slashes."""
    with atomic_folder(path) as folder:
        for name, text in files.items():
            file = folder / name.replace("__", "/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)


def content(folder: Path) -> dict[str, str]:
    """The text of each file but the mark, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MARK
    }


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    make(tmp_path / "site", index="old", runs__one="old", runs__two="old")
    make(tmp_path / "site", index="new", runs__one="new")
    assert content(tmp_path / "site") == {"index": "new", "runs/one": "new"}
    assert {path.name for path in tmp_path.iterdir()} == {"site", ".site.lock"}


@pytest.mark.parametrize("name", ["thesis.tex", "config.json", "index.html"])
def test_a_folder_of_the_user_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / name).write_text("mine")
    with pytest.raises(InputError, match="did not make is there"):
        make(tmp_path / "site", index="new")
    assert content(tmp_path / "site") == {name: "mine"}


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine")
    with pytest.raises(InputError, match="did not make is there"):
        make(tmp_path / "site", index="new")
    assert (tmp_path / "site").read_text() == "mine"


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    make(tmp_path / "site", index="new")
    assert content(tmp_path / "site") == {"index": "new"}


@pytest.mark.parametrize("name", ["site.new", "site.before", ".site.backup", ".site.1234.before"])
def test_neighbors_of_the_user_stay(tmp_path: Path, name: str) -> None:
    make(tmp_path / "site", index="old")
    (tmp_path / name).mkdir()
    (tmp_path / name / "thesis.tex").write_text("mine")
    make(tmp_path / "site", index="new")
    assert content(tmp_path / name) == {"thesis.tex": "mine"}


def test_files_of_the_user_move_into_the_new_folder(tmp_path: Path) -> None:
    site = tmp_path / "site"
    make(site, index="old", runs__one="old")
    (site / "CNAME").write_text("example.org")
    (site / "runs" / "notes.txt").write_text("mine")
    (site / ".git" / "refs" / "heads").mkdir(parents=True)
    (site / ".git" / "HEAD").write_text("ref")
    make(site, index="new")
    assert content(site) == {
        "CNAME": "example.org",
        "runs/notes.txt": "mine",
        ".git/HEAD": "ref",
        "index": "new",
    }
    assert (site / ".git" / "refs" / "heads").is_dir()


def test_a_file_of_the_user_is_not_overwritten(tmp_path: Path) -> None:
    make(tmp_path / "site", index="old")
    (tmp_path / "site" / "data").write_text("mine")
    with pytest.raises(InputError, match="has a file of that name"):
        make(tmp_path / "site", index="new", data="new")
    assert content(tmp_path / "site") == {"index": "old", "data": "mine"}


@pytest.mark.posix
@pytest.mark.parametrize("is_broken", [False, True])
def test_a_link_in_its_place_is_refused_every_time(tmp_path: Path, is_broken: bool) -> None:
    if not is_broken:
        make(tmp_path / "published", index="old")
    (tmp_path / "site").symlink_to(tmp_path / "published")
    for _ in range(2):
        with pytest.raises(InputError, match="is a symbolic link"):
            make(tmp_path / "site", index="new")
    assert (tmp_path / "site").is_symlink()
    assert is_broken or content(tmp_path / "published") == {"index": "old"}


@pytest.mark.parametrize(
    "mark",
    [
        "",
        "nonsense",
        "[]",
        '{"files": 3}',
        '{"files": {}}',
        '{"files": ["../thesis.tex", "/etc/passwd", ".."]}',
        "[" * 100_000,
    ],
)
def test_a_mark_with_other_content_removes_nothing(tmp_path: Path, mark: str) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    make(tmp_path / "site", index="old")
    (tmp_path / "site" / MARK).write_text(mark)
    (tmp_path / "site" / "kept").write_text("mine")
    make(tmp_path / "site", other="new")
    assert content(tmp_path / "site") == {"index": "old", "kept": "mine", "other": "new"}
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def interrupted(path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Replace a folder and end at the call of a function, as if the process were killed there."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"vaelab.folders.{name}", end)
        patch.setattr("vaelab.folders.shutil.rmtree", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            make(path, index="half")


def test_what_a_killed_process_left_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "site", index="old")
    (tmp_path / "site" / "CNAME").write_text("example.org")
    interrupted(tmp_path / "site", monkeypatch, "_replace")
    assert content(tmp_path / "site")["index"] == "old"
    interrupted(tmp_path / "site", monkeypatch, "_keep")
    assert content(tmp_path / "site") == {"index": "half"}
    make(tmp_path / "site", index="new")
    assert content(tmp_path / "site") == {"index": "new", "CNAME": "example.org"}
    assert {path.name for path in tmp_path.iterdir()} == {"site", ".site.lock"}


def test_a_folder_that_was_moved_aside_comes_back(tmp_path: Path) -> None:
    make(tmp_path / "site", index="old")
    (tmp_path / "site" / "CNAME").write_text("example.org")
    (tmp_path / "site").rename(tmp_path / ".site.0123abcd.before")
    make(tmp_path / "site", index="new")
    assert content(tmp_path / "site") == {"index": "new", "CNAME": "example.org"}


def test_the_mark_lists_all_files(tmp_path: Path) -> None:
    make(tmp_path / "site", index="new", runs__one="new")
    listed = json.loads((tmp_path / "site" / MARK).read_text())["files"]
    assert listed == [MARK, "index", "runs/one"]


@pytest.mark.posix
def test_links_out_of_a_folder_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / "figures").mkdir(parents=True)
    (folder / "inside").symlink_to(folder / "figures")
    require_no_way_out(folder)
    (folder / "figures" / "samples.png").symlink_to("../../secret")
    with pytest.raises(InputError, match=r"figures/samples.png is a symbolic link that leads out"):
        require_no_way_out(folder)
    with pytest.raises(InputError, match="lies outside"):
        require_inside(folder / "figures" / "samples.png", folder)
    require_inside(folder / "figures", folder)
