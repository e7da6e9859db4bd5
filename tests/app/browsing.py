"""What the tests of the app in a real browser share; their fixtures are in conftest.py."""

from benchmarks.first_visit import chromium

CHROMIUM = chromium()
PATIENCE = 90_000  # milliseconds: two busy cores are slow at first


def at_rest(page, for_ms: int = 1_500) -> None:
    """Waits until Streamlit has run nothing for a while: a click takes its time to start a run."""
    page.wait_for_function(
        """(forMs) => {
            const app = document.querySelector('[data-testid="stApp"]');
            const idle = app && app.getAttribute("data-test-script-state") === "notRunning";
            window.idleSince = idle ? window.idleSince ?? performance.now() : undefined;
            return idle && performance.now() - window.idleSince > forMs;
        }""",
        arg=for_ms,
        polling=50,
    )
    page.evaluate("window.idleSince = undefined")
