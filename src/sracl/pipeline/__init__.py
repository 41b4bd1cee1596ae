"""A run: its stages, what each leaves on disk, and what a person sees of it."""
