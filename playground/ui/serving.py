"""What the server does once, when it starts: before the first page is asked for."""

import importlib
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import streamlit as st

from playground.errors import UserError

LARGE = ("torch", "plotly.graph_objects", "pandas", "scipy.integrate", "scipy.stats")  # as pages ask for them


@asynccontextmanager
async def serving(app: st.App, also: Callable[[], object] = lambda: None) -> AsyncIterator[None]:
    """Large libraries take seconds to import: they are loaded beside the server, and the first pages need not wait.

    also: what else pages would have to wait for, done after that.

    Streamlit opens the browser for scripts that are no app of their own; this one's is opened here, likewise.
    """
    threading.Thread(target=_ready, args=(also,), name="ready", daemon=True).start()
    yield


def _ready(also: Callable[[], object]) -> None:
    if not st.get_option("server.headless"):
        scheme = "https" if st.get_option("server.sslCertFile") else "http"
        host = st.get_option("server.address") or "localhost"
        path = (st.get_option("server.baseUrlPath") or "").strip("/")
        webbrowser.open(f"{scheme}://{host}:{st.get_option('server.port')}/{path}")
    for library in LARGE:
        importlib.import_module(library)
    with suppress(UserError):  # a page says it, where it needs what is missing
        also()
