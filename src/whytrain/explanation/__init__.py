"""Sentences explained in full: by values, interactions and trees, one by one or many at a time."""
