"""A configuration as the cell that makes it."""

from html import escape
from pprint import pformat
from typing import Any

from hybhanas_jupyter.nas.config import SearchConfig

_COPY = "this.nextElementSibling.select();document.execCommand('copy');this.textContent='Copied'"


def config_code(config: SearchConfig) -> str:
    """Python code that makes an equal configuration; values that are the default are left out."""
    values = config.model_dump(exclude_defaults=True)
    if config.objectives == SearchConfig(space=config.space).objectives:
        del values["objectives"]
    if "cnn" in values.get("space", {}):
        values["space"]["cnn"] = {"mode": config.space.cnn.mode, **values["space"]["cnn"]}
    arguments = "".join(f"    {name}={_indented(value)},\n" for name, value in values.items())
    return f"import hybhanas_jupyter as hyb\n\nconfig = hyb.SearchConfig(\n{arguments})\nrun = hyb.search(config)"


def code_html(code: str) -> str:
    """The code with a button that copies it; works without the kernel."""
    return (
        f'<button class="jupyter-button" onclick="{escape(_COPY)}">Copy as code</button>'
        f'<textarea class="hyb-code" readonly rows="{code.count(chr(10)) + 1}" aria-label="Equivalent code">'
        f"{escape(code)}</textarea>"
    )


def _indented(value: Any) -> str:
    return pformat(value, width=100, sort_dicts=False).replace("\n", "\n    ")
