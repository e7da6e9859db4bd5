"""The lecture's claims on digits, each measured with the shipped models by the functions of its own page."""
