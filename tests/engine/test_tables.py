"""Markdown tables, held against a reader of Markdown."""

from playground.tables import markdown_table


def cells(line: str) -> list[str]:
    """Of a line of a table, as Markdown reads it: a | after a backslash ends no cell."""
    return [cell.strip().replace("\0", "|") for cell in line.replace("\\|", "\0").strip("|").split("|")]


def test_a_table_reads_back_as_what_it_was_made_of():
    rows = [{"": "p(c|x)", "FCD": "0.5", "note": ""}, {"": "floor", "FCD": "0.1", "note": "a|b"}]
    head, ends, *lines = markdown_table(rows, words=2).splitlines()
    assert cells(head) == list(rows[0])
    assert cells(ends) == [":--", ":--", "--:"]
    assert [dict(zip(cells(head), cells(line), strict=True)) for line in lines] == rows
