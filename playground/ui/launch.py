"""denoising-playground: the app from any folder, where the project was installed with pip."""

import sys
from pathlib import Path

from streamlit.web import cli

# What .streamlit/config.toml says, which Streamlit looks for in the folder it is started from; a test holds them equal.
OPTIONS = (
    "--global.disableWidgetStateDuplicationWarning=true",
    "--browser.gatherUsageStats=false",
    "--client.showErrorDetails=none",
    "--client.toolbarMode=minimal",
    "--server.address=127.0.0.1",
    "--server.maxUploadSize=20",
    "--server.fileWatcherType=none",
    "--theme.font=sans-serif",
    "--theme.light.primaryColor=#0072B2",
    "--theme.light.textColor=#0D0D0D",
    "--theme.light.codeTextColor=#0B5D42",
    "--theme.dark.primaryColor=#56B4E9",
    "--theme.dark.codeTextColor=#8FD9BC",
)


def main() -> int:
    """streamlit run on the installed streamlit_app.py; further options are Streamlit's."""
    app = Path(__file__).parents[2] / "streamlit_app.py"
    sys.argv = ["streamlit", "run", str(app), *OPTIONS, *sys.argv[1:]]
    return int(cli.main() or 0)


if __name__ == "__main__":
    sys.exit(main())
