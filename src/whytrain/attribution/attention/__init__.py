"""How a model weighs words by its own attention: not why it decides so, but where it looked."""
