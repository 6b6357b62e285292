import pytest

from hybhanas_jupyter.nas import resources


@pytest.fixture
def container(tmp_path, monkeypatch):
    def make(affinity=8, **files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_max", ".max")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        monkeypatch.setattr(resources, "_CGROUP", tmp_path)
        monkeypatch.setattr(resources.os, "sched_getaffinity", lambda _: set(range(affinity)), raising=False)

    return make


@pytest.mark.parametrize(
    ("affinity", "files", "expected"),
    [
        (8, {}, 8),
        (8, {"cpu_max": "max 100000"}, 8),
        (8, {"cpu_max": "250000 100000"}, 2),
        (8, {"cpu_max": "50000 100000"}, 1),
        (2, {"cpu_max": "400000 100000"}, 2),
    ],
)
def test_cores_are_the_affinity_cut_by_the_quota(container, affinity, files, expected):
    container(affinity, **files)
    assert resources.cores() == expected


def test_memory_is_the_machines_cut_by_the_limit(container):
    container()
    machine = resources.memory()
    assert machine > 1e9
    container(memory_max="max")
    assert resources.memory() == machine
    container(memory_max="1000000000")
    assert resources.memory() == 1e9


def test_two_gigabytes_leave_room_for_few_workers(container):
    container(16, memory_max=str(2 * 1024**3))
    assert 1 <= resources.default_workers() <= 3
    container(16, memory_max="300000000")
    assert resources.default_workers() == 1
