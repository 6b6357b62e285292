"""A fixed number of damaged files, wrong lines and wrong values of each kind; hours of it: benchmarks/torture.py."""

import pytest

from tests.fuzzing import KINDS, fuzz


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_read_gives_a_result_or_an_error_of_one_line(kind):
    found = fuzz(kind, 60)
    assert found.internal == []
    assert 0 < found.refused < found.tried == 60
