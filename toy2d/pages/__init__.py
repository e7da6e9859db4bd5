"""Pages of the 2-D wing: read the widgets, call an experiment, draw."""
