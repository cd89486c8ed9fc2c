"""The bidirectional LSTM classifier, from the paper's plain one to the optimized one."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from annotated_types import Ge, Interval
from torch import Tensor, nn
from typing_extensions import TypedDict

from whytrain.errors import ConfigError
from whytrain.models.bilstm.layers import through_layers
from whytrain.models.bilstm.pooling import AdditiveAttention, last_states, max_pool, mean_pool
from whytrain.models.bilstm.prefix_form import LSTMRecurrence
from whytrain.models.bilstm.pretrained_vectors import pretrained_embeddings
from whytrain.models.layers import LayerStates, Replacement
from whytrain.models.padded_lstm import padded_states
from whytrain.types import Inspection

Pooling = Literal["last", "mean", "max", "attention"]


class EmbeddingSettings(TypedDict):
    """The input embedding: its size, and where pretrained vectors come from (None: trained from scratch)."""

    size: Annotated[int, Ge(1)]
    pretrained: str | None


class BiLSTM(nn.Module):
    """Embedding → (stacked) bidirectional LSTM → [LayerNorm] → [self-attention] → pooling → dropout → linear.

    The states of both directions are concatenated, so a pooled sentence has 2 * hidden_size features.

    References:
        Graves, Schmidhuber (2005), Framewise phoneme classification with bidirectional LSTM.
        Glorot, Bengio (2010), Understanding the difficulty of training deep feedforward networks
        (the initialization: uniform weights per gate, zero biases).
    """

    export_form = "onnx"

    def __init__(
        self,
        *,
        vocabulary_size: int,
        n_classes: int,
        padding_id: int,
        embedding: EmbeddingSettings,
        hidden_size: Annotated[int, Ge(1)],
        n_layers: Annotated[int, Ge(1)],
        pooling: Pooling,
        layer_norm: bool,
        self_attention_heads: Annotated[int, Ge(0)],
        dropout: Annotated[float, Interval(ge=0, lt=1)],
    ) -> None:
        """Make the layers and initialize them from torch's global generator.

        Args:
            vocabulary_size: number of wordpieces.
            n_classes: number of classes, at least 2.
            padding_id: wordpiece whose embedding is fixed at zero.
            embedding: size of the embedding and, optionally, a directory with pretrained vectors.
            hidden_size: units of each direction.
            n_layers: stacked LSTM layers.
            pooling: how the states of the tokens become one vector.
            layer_norm: normalize the LSTM's states.
            self_attention_heads: heads of self-attention over the states; 0 for none.
            dropout: probability, on the pooled vector and between stacked layers.

        Raises:
            ConfigError: the heads do not divide the states, or the pretrained vectors do not fit.
        """
        super().__init__()
        if self_attention_heads and 2 * hidden_size % self_attention_heads:
            raise ConfigError(
                f"model.self_attention_heads={self_attention_heads} must divide the {2 * hidden_size} "
                f"features of the states (2 · model.hidden_size={hidden_size})"
            )
        self.padding_id = padding_id
        self.pooling = pooling
        size = 2 * hidden_size
        self.embedding = nn.Embedding(vocabulary_size, embedding["size"], padding_idx=padding_id)
        self.lstm = nn.LSTM(
            embedding["size"],
            hidden_size,
            num_layers=n_layers,
            dropout=dropout if n_layers > 1 else 0.0,
            bidirectional=True,
            batch_first=True,
        )
        self.norm = nn.LayerNorm(size) if layer_norm else None
        self.self_attention = (
            nn.MultiheadAttention(size, self_attention_heads, batch_first=True)
            if self_attention_heads
            else None
        )
        self.attention = AdditiveAttention(size) if pooling == "attention" else None
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(size, n_classes)
        self._initialize()
        if embedding["pretrained"] is not None:
            vectors = pretrained_embeddings(embedding["pretrained"], vocabulary_size, embedding["size"])
            with torch.no_grad():
                self.embedding.weight.copy_(vectors)
                self.embedding.weight[padding_id].zero_()

    def _initialize(self) -> None:
        for name, parameter in self.named_parameters():
            if name.startswith("norm."):
                continue
            if parameter.ndim < 2:
                nn.init.zeros_(parameter)
            elif name.startswith("lstm."):
                for gate in parameter.chunk(4):  # the four gates are stacked; each is a layer of its own
                    nn.init.xavier_uniform_(gate)
            else:
                nn.init.xavier_uniform_(parameter)
        with torch.no_grad():
            self.embedding.weight[self.padding_id].zero_()

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        """Return logits (batch, n_classes) for token ids (batch, n_tokens); mask None: no padding."""
        return self.inspect(self.embed(token_ids), mask).logits

    def embed(self, token_ids: Tensor) -> Tensor:
        """Return embeddings (batch, n_tokens, embedding_size)."""
        embeddings: Tensor = self.embedding(token_ids)
        return embeddings

    def inspect(self, embeddings: Tensor, mask: Tensor | None) -> Inspection:
        """Run everything behind the embeddings and return logits, states and attention weights."""
        states = self._states(embeddings, mask)
        pooled, attention, scores = self.read_out(states, mask)
        return Inspection(
            logits=self.classifier(self.dropout(pooled)),
            hidden_states=states,
            attention=attention,
            attention_scores=scores,
        )

    def through_layers(
        self, embeddings: Tensor, mask: Tensor | None, replacement: Replacement | None
    ) -> LayerStates:
        """Run everything behind the embeddings; a layer's states may be replaced. See `bilstm.layers`."""
        return through_layers(self, embeddings, mask, replacement)

    def recurrence(self) -> LSTMRecurrence | None:
        """Return the two recurrences with the weights of this moment; None where nothing can be shared.

        The second layer of a stacked LSTM sees the whole sentence at every step.
        """
        return LSTMRecurrence(self) if self.lstm.num_layers == 1 else None

    def extra_repr(self) -> str:
        """Name the step that is no module."""
        return f"pooling: {self.pooling}"

    def _states(self, embeddings: Tensor, mask: Tensor | None) -> Tensor:
        states = padded_states(self.lstm, embeddings, mask)
        if self.norm is not None:
            states = self.norm(states)
        if self.self_attention is not None:
            states = self.attended(states, mask)
        assert isinstance(states, Tensor)
        return states

    def attended(self, states: Tensor, mask: Tensor | None) -> Tensor:
        """Add to states (batch, n_tokens, size) what self-attention reads from the others."""
        assert self.self_attention is not None
        padding = None if mask is None else ~mask
        read, _ = self.self_attention(states, states, states, key_padding_mask=padding, need_weights=False)
        added: Tensor = states + read
        return added

    def read_out(self, states: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Pool states (batch, n_tokens, size) to (batch, size); attention weights and scores beside it."""
        if self.attention is not None:
            pooled, weights, scores = self.attention(states, mask)
            return pooled, weights, scores
        pools = {"last": last_states, "mean": mean_pool, "max": max_pool}
        pooled = pools[self.pooling](states, mask)
        return pooled, None, None
