"""The subcommands of `python -m toy2d`: one file for each topic, each with `add(commands)`."""
