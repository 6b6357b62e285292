import joblib
import pytest

from hybhanas_jupyter.nas import executors


@pytest.fixture
def container(tmp_path, monkeypatch):
    def make(cores=8, **files):
        for name, text in files.items():
            (tmp_path / name.replace("_max", ".max")).write_text(text)
        monkeypatch.setattr(executors, "_CGROUP", tmp_path)
        monkeypatch.setattr(joblib, "cpu_count", lambda: cores)

    return make


def test_memory_is_the_machines_cut_by_the_limit(container):
    container()
    machine = executors.memory()
    assert machine > 1e9
    container(memory_max="max")
    assert executors.memory() == machine
    container(memory_max="1000000000")
    assert executors.memory() == 1e9


def test_workers_are_as_many_as_cores_and_memory_allow(container):
    container(16, memory_max=str(2 * 1024**3))
    assert 1 <= executors.default_workers() <= 3
    container(16, memory_max="300000000")
    assert executors.default_workers() == 1
    container(2, memory_max="300000000000")
    assert executors.default_workers() <= 2
