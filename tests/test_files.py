from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hybhanas_jupyter.errors import FileError
from hybhanas_jupyter.files import folder_for, unused, write_text


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "kept.json"
    for text in ("first, and longer", "zweite Fassung, größer"):
        write_text(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "kept.json"
    write_text(path, "old")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(FileError, match=r"kept.json.*No space left"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_threads_that_save_one_path_at_once_all_succeed(tmp_path):
    path = tmp_path / f"{'n' * 240}.json"  # leaves no room for a longer draft
    texts = [f"{number}" * 10_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: [write_text(path, text) for _ in range(25)], texts))
    assert path.read_text() in texts
    assert list(tmp_path.iterdir()) == [path]


def test_an_unused_name_is_beside_those_that_are_taken(tmp_path):
    assert unused(tmp_path / "search.json") == tmp_path / "search.json"
    for name in ("search.json", "search-2.json", "exported"):
        (tmp_path / name).touch()
    assert unused(tmp_path / "search.json") == tmp_path / "search-3.json"
    assert unused(str(tmp_path / "exported")) == tmp_path / "exported-2"
    with pytest.raises(FileError, match="no name"):
        unused("")


@pytest.mark.parametrize("folder", ["", " ", "/proc/none", "a\0b", "n" * 5000, __file__])
def test_a_folder_that_cannot_be_is_one_line(folder):
    with pytest.raises(FileError) as caught:
        folder_for(folder, ["x"], lambda folder: True)
    assert len(str(caught.value).splitlines()) == 1
