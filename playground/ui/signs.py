"""Signs as the field sets them, in words that a terminal shows, too."""

import re

FORMULA = re.compile(r"(\$[^$]*\$|`[^`]*`)")
SIGN = re.compile(r"(?<![\w\\])([xzaLσβ])_([A-Za-z0-9])(²?)(?!\w)")
POWER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]\d+)(?!\w)")
RAISED = re.compile(r"(?<![\w^])(\d+)\^([−-]?\d+(?:\.\d+)?)(?!\w)")


def typeset(words: str) -> str:
    """Markdown in which x_T, σ_i², 6e-15 and 2^0.99 are formulas; what is one already, and code, stays."""
    parts = FORMULA.split(words)
    return "".join(part if i % 2 else _signs(part) for i, part in enumerate(parts))


def _signs(words: str) -> str:
    words = SIGN.sub(lambda m: f"${m[1]}_{m[2]}{'^2' * bool(m[3])}$", words)
    words = POWER.sub(lambda m: f"${m[1]} \\times 10^{{{int(m[2])}}}$", words)
    return RAISED.sub(lambda m: f"${m[1]}^{{{m[2].replace('−', '-')}}}$", words)
