"""Explanations from gradients of the target with respect to the embeddings."""
