"""The digits, and what is measured and done to them before any network sees them."""
