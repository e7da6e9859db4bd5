"""Signs in place of names: what a page says to its reader has η and σ, not eta and sigma."""

import ast
import re
from pathlib import Path

import pytest

from playground.ui.signs import typeset

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("toy2d/*/page.py"), *ROOT.glob("images/*/page.py")])
FIGURES = sorted([*ROOT.glob("toy2d/*/*figures.py"), *ROOT.glob("images/*/*figures.py")])
EXPLAINED = sorted([*ROOT.glob("toy2d/*/*.md"), *ROOT.glob("images/*/*.md")])
NAMES = re.compile(
    r"(?<![\w\\.`-])(eta|sigmas?|sigma_hat|sigma-hat|eps|lambda|zeta|alpha|beta|alpha_bar|beta_tilde|x_tilde)(?![\w`=-])"
)


def sentences(path: Path) -> list[str]:
    """The strings of a page that have a space, or name a control, and are no docstring; formulas and values apart."""
    tree = ast.parse(path.read_text())
    homes = (ast.Module, ast.FunctionDef, ast.ClassDef)
    documented = {id(node.body[0].value) for node in ast.walk(tree)
                  if isinstance(node, homes) and ast.get_docstring(node) is not None}  # fmt: skip
    strings = (
        node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    found = [node.value for node in strings if id(node) not in documented]
    return [
        re.sub(r"\$[^$]*\$", "", text)
        for text in [*labels(tree), *found]
        if " " in text or text in labels(tree)
    ]


def labels(tree: ast.AST) -> list[str]:
    """What controls are called: form.ask(widget, label, ...), in_url(widget, label, ...)."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and len(node.args) > 1]
    asked = [node for node in calls if ast.unparse(node.func).split(".")[-1] in ("ask", "in_url", "one_of")]
    return [node.args[1].value for node in asked if isinstance(node.args[1], ast.Constant)]


@pytest.mark.parametrize("path", [*PAGES, *FIGURES], ids=lambda path: "/".join(path.parts[-3:-1]))
def test_a_page_writes_signs(path):
    assert not [text for text in sentences(path) if NAMES.search(text)]


@pytest.mark.parametrize("path", EXPLAINED, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_what_a_page_explains_has_signs(path):
    words = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`", "", path.read_text(), flags=re.DOTALL)
    assert not NAMES.findall(words)


@pytest.mark.parametrize("path", [*PAGES, *EXPLAINED], ids=lambda path: "/".join(path.parts[-3:]))
def test_a_formula_names_its_signs_as_tex_does(path):
    """\\zeta: KaTeX sets \\ζ in red, as an error."""
    assert not re.findall(r"\\[^\x00-\x7f]\w*", path.read_text())


def test_words_of_a_terminal_become_formulas_on_a_page():
    assert (
        typeset("x_T alone, at σ_i² of 6.1e-15: 2^−0.99")
        == "$x_T$ alone, at $σ_i^2$ of $6.1 \\times 10^{-15}$: $2^{-0.99}$"
    )


@pytest.mark.parametrize(
    "words", ["`--x_T 1e-3`", "$x_T = 2^3$", "x_tilde", "max_T", "0x1e-3", "a: 3 of 10, x1"]
)
def test_code_formulas_and_names_stay(words):
    assert typeset(words) == words
