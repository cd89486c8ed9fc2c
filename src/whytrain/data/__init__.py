"""From sentences to batches: sources, cleaning, splits, tokenization, the batch plan."""
