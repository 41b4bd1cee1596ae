"""Asking language models: requests, the store of answers, the client, the local server, costs."""
