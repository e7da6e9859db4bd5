"""A page opened as a viewer opens it, without the app around it."""

from pathlib import Path

from streamlit.testing.v1 import AppTest


def opened(page: Path, **address: str | list[str]) -> AppTest:
    """The page, run once with what its address says; it has neither failed nor refused anything."""
    app = AppTest.from_file(str(page), default_timeout=300)
    for key, value in address.items():
        app.query_params[key] = value
    return fine(app.run())


def fine(app: AppTest) -> AppTest:
    """The same, where it has neither failed nor refused anything."""
    assert not app.exception, app.exception
    assert not app.error, app.error
    return app
