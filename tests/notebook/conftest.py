"""A real IPython shell with the extension loaded."""

from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


@pytest.fixture
def bare_shell() -> Iterator[InteractiveShell]:
    """IPython's own singleton, which `display` needs, with an empty namespace."""
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    # Not shell.reset(): it collects garbage, 0.25 s a test.
    shell.user_ns.clear()
    shell.init_user_ns()
    yield shell
    shell.run_line_magic("unload_ext", "hybhanas_jupyter")


@pytest.fixture
def shell(bare_shell: InteractiveShell) -> InteractiveShell:
    bare_shell.run_line_magic("load_ext", "hybhanas_jupyter")
    return bare_shell
