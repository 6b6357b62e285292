"""Where the expression of a `%qcost` line ends, and what its options say."""

import pytest
from IPython.core.error import UsageError

from hybhanas_jupyter.notebook.magics.options import parse, split
from hybhanas_jupyter.notebook.magics.qcost import QCost


@pytest.mark.parametrize(
    ("line", "expression", "options"),
    [
        ("qc", "qc", ""),
        ("qc;", "qc", ""),
        ("qc --backend fake_fez", "qc", "--backend fake_fez"),
        ("make(a, -b) -q", "make(a, -b)", "-q"),
        ("f('a --b c') --level 1", "f('a --b c')", "--level 1"),
        ("f('a --b c')", "f('a --b c')", ""),
        ("{'a': qc}['a'] -o cost", "{'a': qc}['a']", "-o cost"),
        ("--help", "", "--help"),
        ("", "", ""),
        ("qc -", "qc -", ""),
    ],
)
def test_an_expression_ends_before_its_options(line, expression, options):
    assert tuple(part.strip() for part in split(line)) == (expression, options)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("--backend a b --backend c", "backend", ["a", "b", "c"]),
        ("-b a", "backend", ["a"]),
        ("--save 'my costs.json'", "save", "my costs.json"),
        ('--save "C.json"', "save", "C.json"),
        ("--fail-above 1e-3", "fail_above", 0.001),
        ("--output=cost", "output", "cost"),
        ("", "shots", None),
    ],
)
def test_options_are_read(text, name, value):
    read = getattr(parse(QCost.qcost.parser, text), name)
    assert read == value or str(read) == value


def test_an_unknown_option_is_named_with_the_nearest():
    with pytest.raises(UsageError, match=r"Unknown option '--shot5'\. Did you mean '--shots'\?"):
        parse(QCost.qcost.parser, "--shot5")
