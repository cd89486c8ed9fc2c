"""Figures of the training, the model and its errors."""
