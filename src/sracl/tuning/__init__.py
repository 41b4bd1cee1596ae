"""The search for settings: every method the same budget, judged by validation, tested once at the end."""
