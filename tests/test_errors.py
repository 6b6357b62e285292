import pickle

import pytest

from hybhanas_jupyter.errors import ConfigError, UnknownNameError, check_name


def test_a_message_is_one_line_of_readable_length():
    with pytest.raises(UnknownNameError) as caught:
        check_name("device", "a\nb" * 10_000, ["fake_kyiv"])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_lines_of_a_message_are_joined_and_survive_another_process():
    error = pickle.loads(pickle.dumps(ConfigError("shots is 0\nseed is -1")))
    assert str(error) == "shots is 0 seed is -1"
