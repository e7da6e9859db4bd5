"""A table in Markdown: the same text on a page, in a terminal and in a document."""

from collections.abc import Mapping, Sequence


def markdown_table(rows: Sequence[Mapping[str, str]], words: int = 1) -> str:
    """A line for each row, under the names that the first row has; the first `words` columns are set left, as words
    are, the others right, as numbers are.  A | within a cell is no column's end.
    """
    ends = [":--" if column < words else "--:" for column in range(len(rows[0]))]
    lines = [list(rows[0]), ends, *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
