"""Has a mistake in its first line."""

TABLE = {"a": 1}["b"]
