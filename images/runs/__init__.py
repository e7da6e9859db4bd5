"""Runs compared, and measured."""
