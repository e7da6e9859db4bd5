"""A topic: one claim of the lecture, one folder, one page, and its commands."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """folder: in its wing's package, holding page.py and command.py.  address: the page's, which bookmarks know.

    icon: a Material symbol's name.  blurb: what the start page says of it, one line.
    """

    folder: str
    address: str
    title: str
    icon: str
    blurb: str
