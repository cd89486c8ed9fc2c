"""Text classifiers as plain modules: token ids and a mask in, logits out."""
