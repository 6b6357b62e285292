import subprocess
import sys

import pytest

from hybhanas_jupyter import models


def test_public_names():
    for name in models.__all__:
        assert getattr(models, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Perceptron'"):
        _ = models.Perceptron


def test_the_genes_do_not_need_torch():
    code = "import sys; from hybhanas_jupyter.models import Convolution; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"
