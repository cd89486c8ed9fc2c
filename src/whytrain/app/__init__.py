"""The page in the browser: ask a model, mark what must not be a reason, retrain; over the Python door."""
