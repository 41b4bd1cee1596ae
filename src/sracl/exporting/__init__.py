"""A trained recommender in forms that other programs read."""
