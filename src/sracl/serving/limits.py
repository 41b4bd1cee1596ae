"""What a request may ask for at most. Larger ones are refused with a 4xx that states the limit."""

BODY_BYTES = 1_000_000
"""Of a request."""
HISTORY_ITEMS = 5_000
"""In a history; the model reads the most recent ones."""
EXCLUDED_ITEMS = 10_000
RESULTS = 1_000
"""Items of an answer, k."""
FILTER_FIELDS, FILTER_VALUES = 10, 100
QUERY_CHARACTERS = 300
ID_CHARACTERS = 500
BATCH = 128
"""Requests that are scored together."""
WAITING = 2_000
"""Requests that wait for the model; more are told to come back."""
