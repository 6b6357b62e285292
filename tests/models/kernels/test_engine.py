import os
import subprocess
import sys
from threading import Event

import numba
import pytest
from filelock import FileLock

from hybhanas_jupyter.models.kernels import engine
from hybhanas_jupyter.models.kernels.lanes import vector_bytes

# A CPU with AVX2 and without AVX-512: half as many lanes. Prints the largest difference to the torch engine.
AVX2 = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+sse4.2,+popcnt,+avx,+avx2,+fma,+bmi,+bmi2"}
COMPARE = """
import torch
from hybhanas_jupyter.models.kernels.lanes import width
from hybhanas_jupyter.models.quantum_layer import QuantumLayer

assert width("float32") == 8
worst = 0.0
for n, rotations, entangler in (1, ("RX",), "CZ"), (4, ("RX",), "CNOT"), (5, ("RY",), "CZ"), (6, ("RZ", "RY"), "CNOT"):
    kernel, torch_path = (QuantumLayer(n, 3, rotations, entangler, "full", engine=e) for e in ("numba", "torch"))
    x = torch.linspace(-3, 3, 11 * n).reshape(11, n)
    results = []
    for layer in kernel, torch_path:
        inputs = x.clone().requires_grad_()
        z = layer(inputs)
        results.append((z, *torch.autograd.grad(z.square().sum(), (inputs, layer.weights))))
    worst = max([worst, *((a - b).detach().abs().max().item() for a, b in zip(*results))])
print(worst)
"""


@pytest.mark.skipif(not vector_bytes(), reason="no kernel for this CPU")
def test_compiles_once_with_a_message_and_is_right_with_avx2(tmp_path):
    environment = {**os.environ, **AVX2, "NUMBA_CACHE_DIR": str(tmp_path)}
    first, later = (
        subprocess.run([sys.executable, "-c", COMPARE], check=True, capture_output=True, text=True, env=environment)
        for _ in range(2)
    )
    assert first.stderr.count("compiling the float32 quantum kernel once") == 1
    assert later.stderr == ""
    assert float(first.stdout) < 1e-5
    assert first.stdout == later.stdout


@pytest.fixture
def compilations(monkeypatch, tmp_path):
    """The folders that kernels are compiled into; nothing is really compiled."""
    folders = []
    monkeypatch.setattr(engine, "_compile", lambda dtype, folder: folders.append(folder))
    monkeypatch.setattr(engine, "_loaded", {})
    monkeypatch.setattr(engine.config, "CACHE_DIR", str(tmp_path))
    return folders


def test_a_kernel_is_loaded_once_a_process(compilations, tmp_path):
    messages = []
    for dtype in ("float32", "float64", "float32"):
        engine.load_kernel(dtype, messages.append)
    assert [message.split()[2] for message in messages] == ["float32", "float64"]
    assert [folder.name for folder in compilations] == ["float32", "float64"]
    assert all(folder.is_relative_to(tmp_path) for folder in compilations)


def test_without_a_folder_to_write_to_the_kernel_is_compiled_all_the_same(compilations, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(engine.config, "CACHE_DIR", str(tmp_path / "file"))
    engine.load_kernel("float32", lambda _: None)
    assert compilations == [None]


def test_a_folder_that_others_may_write_is_not_read(compilations, tmp_path):
    folder = engine._cache_folder() / "float32"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    engine.load_kernel("float32", lambda _: None)
    assert compilations == [None]


def test_who_waits_for_another_process_says_so(compilations, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "_QUIET", 0.01)
    folder = engine._cache_folder() / "float32"
    folder.mkdir(parents=True, mode=0o700)
    waiting, messages = Event(), []
    other = FileLock(folder / "lock", thread_local=False)
    other.acquire()

    def note(message):
        messages.append(message)
        if "waiting" in message:
            other.release()
            waiting.set()

    engine.load_kernel("float32", note)
    assert waiting.is_set()
    assert [message.split()[0] for message in messages] == ["waiting", "compiling"]


SPOILED = {"empty": b"", "cut": b"\x80\x05\x95", "text": b"no pickle"}


@pytest.mark.parametrize("content", SPOILED.values(), ids=SPOILED)
def test_a_damaged_kernel_is_compiled_again(content, tmp_path, monkeypatch):
    def kept(dtype, folder):
        @numba.njit(cache=True)
        def double(x):
            return 2 * x

        monkeypatch.setattr(engine.config, "CACHE_DIR", str(folder))
        double.enable_caching()
        double.compile("float64(float64)")
        return engine.Kernel(double, double)

    monkeypatch.setattr(engine, "_compile", kept)
    folder, messages = tmp_path / "float64", []
    folder.mkdir()
    engine._load("float64", folder, messages.append)
    files = list(folder.rglob("*.nb?"))
    assert files
    for path in files:
        path.write_bytes(content)
    assert engine._load("float64", folder, messages.append).forward(2.0) == 4.0
    assert [message.split()[0] for message in messages] == ["compiling", "the", "compiling"]
    assert engine._load("float64", folder, messages.append).forward(2.0) == 4.0
    assert len(messages) == 3
