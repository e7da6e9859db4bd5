"""One entry in the browser's history for each page, however many of its settings are changed.

Streamlit 1.67 pushes an entry whenever the server corrects the address; here such a push replaces the page's own entry.
When the page changes, it also sends the new page's address before the browser has left the old one: so a correction
waits until the run is over, and is dropped if the page has changed by then.  And at Back or Forward it drops from the
address every setting whose name the page that was left has, too (QueryParams.populate_from_query_string): here the
address that the viewer came back to counts.
"""

from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_component = st.components.v2.component(
    "playground_history",
    html="<span></span>",
    js="""
export default function () {
  if (history.pushState.once) return;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let waiting; // for the end of the run: a correction of the address of this page
  const running = () => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState !== "notRunning";

  const correct = (path, call) => {
    clearInterval(waiting);
    waiting = setInterval(() => {
      if (location.pathname === path && running()) return;
      clearInterval(waiting);
      if (location.pathname === path) replace(...call);
    }, 50);
  };

  history.pushState = (...call) => {
    const to = new URL(call[2] ?? location.href, location.href);
    if (to.pathname === location.pathname) return correct(to.pathname, call);
    clearInterval(waiting);
    push(...call);
  };
  history.replaceState = (...call) => {
    clearInterval(waiting); // a setting of the viewer's is newer
    replace(...call);
  };
  addEventListener("keydown", (event) => { // who presents turns to the next page by N, with a player or without
    if (event.key.toLowerCase() !== "n" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (new URLSearchParams(location.search).get("present") !== "1") return;
    if (event.target.closest?.("input, textarea, select")) return;
    document.querySelector(".st-key-page-turn > :last-child a")?.click();
  });
  addEventListener("popstate", () => clearInterval(waiting));
  history.pushState.once = true;
}
""",
)


_describing = st.components.v2.component(
    "playground_describing",
    html="<span></span>",
    js=Path(__file__).with_name("described.js").read_text(encoding="utf-8"),
)


def one_entry_per_page() -> None:
    """And charts that say what they show.  To be called once on every run of the app, before the page."""
    _whole_address_after_back()
    with st.container(key="page-history"):
        _component(key="history")
        _describing(key="describing")


def _whole_address_after_back() -> None:
    context = get_script_run_ctx()
    if context is None or not getattr(context, "is_history_navigation", False):
        return
    with context.session_state.query_params() as address:
        address.populate_from_query_string(context.query_string)
        address.set_initial_query_params_from_current()
        address._send_query_param_msg()  # the browser has been told the shortened one
