"""What the tests let worker processes do."""

import os
import signal
import sys
import time

state = {}


def remember(value):
    state["value"] = value


def recall():
    return state["value"], os.getpid()


def double(value):
    return 2 * value


def die(number):
    os.kill(os.getpid(), number)


def die_at_first(folder, times):
    number = len(os.listdir(folder))
    open(f"{folder}/{number}", "x").close()
    if number < times:
        die(signal.SIGKILL)


def leave(code):
    os._exit(code)


def sleep(seconds):
    time.sleep(seconds)


def fail():
    raise ValueError("no luck")


def make_noise():
    sys.stdout.write("noise on stdout")
    os.write(1, b"\x80\x04 more noise")
    sys.stdout.flush()
    return "quiet"


def exhaust():
    raise MemoryError


def interrupts():
    return signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def modules():
    return [name for name in ("qiskit", "pennylane", "torch", "hybhanas_jupyter") if name in sys.modules]


def main_module():
    return getattr(sys.modules["__main__"], "__file__", None)
