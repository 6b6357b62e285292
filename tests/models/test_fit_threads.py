import os
import subprocess
import sys
import threading

import pytest
import torch

from hybhanas_jupyter.models.fit import one_thread

# Prints the trained weights as hex; the network is large enough for torch to split its work between threads.
TRAINING = """
import hashlib, sys, threading
import numpy as np, torch
from hybhanas_jupyter.circuits.ansatz import Ansatz
from hybhanas_jupyter.data import Dataset
from hybhanas_jupyter.models.convolution import Convolution
from hybhanas_jupyter.models.fit import fit
from hybhanas_jupyter.models.hybrid import HybridNet

torch.set_num_threads(int(sys.argv[1]))
noise = np.random.default_rng(0)
x, y = noise.random((128, 1, 28, 28), np.float32), noise.integers(0, 10, 128)
data = Dataset("noise", x, y, x[:64], y[:64], 10)
net = HybridNet((1, 28, 28), 10, (Convolution(16), Convolution(32, dropout=0.1)), Ansatz(6, 2))
run = threading.Thread(target=fit, args=(net, data), kwargs={"epochs": 2, "early_stop_accuracy": 0})
run.start()
run.join()
print(hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in net.parameters())).hexdigest())
"""


def digest(threads):
    command = [sys.executable, "-c", TRAINING, str(threads)]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ).stdout


def test_a_thread_of_a_notebook_computes_the_same_bits_as_a_worker():
    assert digest(threads=4) == digest(threads=1)


def test_only_the_calling_thread_is_changed():
    here, seen = torch.get_num_threads(), []
    entered, leave = threading.Event(), threading.Event()

    def train():
        with one_thread():
            seen.append(torch.get_num_threads())
            entered.set()
            leave.wait()
        seen.append(torch.get_num_threads())

    training = threading.Thread(target=train)
    training.start()
    entered.wait()
    assert torch.get_num_threads() == here
    newcomer = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    newcomer.start()
    newcomer.join()
    leave.set()
    training.join()
    assert seen == [1, here, here]


def test_the_number_is_put_back_after_an_error():
    here, inside = torch.get_num_threads(), []

    @one_thread()
    def interrupted():
        inside.append(torch.get_num_threads())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (inside, torch.get_num_threads()) == ([1], here)
