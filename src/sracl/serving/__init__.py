"""The service: recommendations over HTTP, and the page that shows them. Needs `pip install sracl[serve]`."""
