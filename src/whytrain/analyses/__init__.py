"""Questions to a trained model beyond single words: what they are given and what they answer."""
