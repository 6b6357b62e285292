"""A fixed number of damaged files, wrong lines and wrong values of each kind; hours of it: benchmarks/torture.py."""

import pytest

from tests.fuzzing import KINDS, fuzz

FOUND = (  # by benchmarks/torture.py, which prints kind, seed and number
    ("configurations", 3697869301, 24),
    ("run files", 1601928378, 48),
    ("run files", 3075462376, 49),
    ("OpenQASM", 461774985, 47),
)


@pytest.mark.parametrize(("kind", "seed", "number"), FOUND)
def test_what_was_found_once_is_found_no_more(kind, seed, number):
    assert fuzz(kind, 1, seed, first=number).internal == []


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_read_gives_a_result_or_an_error_of_one_line(kind):
    found = fuzz(kind, 60)
    assert found.internal == []
    assert 0 < found.refused < found.tried == 60
