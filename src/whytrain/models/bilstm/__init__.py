"""The bidirectional LSTM, its readouts, and the form in which the sharing engine runs it."""

from whytrain.models.bilstm.bilstm import BiLSTM, Pooling

__all__ = ["BiLSTM", "Pooling"]
