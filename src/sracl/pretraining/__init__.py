"""What a backbone learns before it learns the next item."""
