"""The classifier behind the metrics."""
