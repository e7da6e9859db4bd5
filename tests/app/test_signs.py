"""Signs in place of names: what a page says to its reader has η and σ, not eta and sigma."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("toy2d/*/page.py"), *ROOT.glob("images/*/page.py")])
EXPLAINED = sorted([*ROOT.glob("toy2d/*/*.md"), *ROOT.glob("images/*/*.md")])
NAMES = re.compile(
    r"(?<![\w\\.`-])(eta|sigma|sigma_hat|sigma-hat|eps|lambda|zeta|alpha_bar|beta_tilde|x_tilde)(?![\w`=-])"
)


def sentences(path: Path) -> list[str]:
    """The strings of a page that have a space and are no docstring; formulas and f-strings' values apart."""
    tree = ast.parse(path.read_text())
    homes = (ast.Module, ast.FunctionDef, ast.ClassDef)
    documented = {id(node.body[0].value) for node in ast.walk(tree)
                  if isinstance(node, homes) and ast.get_docstring(node) is not None}  # fmt: skip
    strings = (
        node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    found = [node.value for node in strings if id(node) not in documented]
    return [re.sub(r"\$[^$]*\$", "", text) for text in found if " " in text]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: "/".join(path.parts[-3:-1]))
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
