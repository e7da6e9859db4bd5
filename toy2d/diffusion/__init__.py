"""The forward process and the way back."""
