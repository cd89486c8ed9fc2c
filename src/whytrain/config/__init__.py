"""Config values: their types, the check against signatures, and what a config may name."""
