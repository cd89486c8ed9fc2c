"""HTML pages and what the terminal shows."""
