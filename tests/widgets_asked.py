"""Which widgets a page asks for: its calls of `ask`, of a form's `ask` and of `in_url`, and the key of each."""

import ast
import re
from pathlib import Path

NAMED_AT = {"ask": 3, "form": 2}  # the place of the knob's name among the arguments


def widgets_of(path: Path) -> list[ast.Call]:
    calls = [
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
    ]
    return [call for call in calls if called(call) in ("ask", "form", "in_url")]


def called(call: ast.Call) -> str:
    """ "form" for the `ask` of a form."""
    return "form" if getattr(call.func, "attr", "") == "ask" else getattr(call.func, "id", "")


def key_of(call: ast.Call) -> str:
    """As it is written, with {} for what an f-string puts in; without one the knob's name."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "key"]
    key = ast.unparse(given[0] if given else call.args[NAMED_AT[called(call)]])
    return re.sub(r"{\w+}", "{}", key.lstrip("f").strip("'"))
