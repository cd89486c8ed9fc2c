"""Which explanation to believe: scores of methods in the terminal, as a page, and in sentences."""
