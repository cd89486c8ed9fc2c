"""Documents longer than a model reads: overlapping windows, each read alone, their logits averaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from whytrain.errors import ConfigError
from whytrain.models.interface import family_of, inspectable_of, limit_of, removals_of, saved_arguments_of
from whytrain.types import Inspectable, Inspection, RemovalName


class _Windows(NamedTuple):
    """Where windows take their tokens from.

    Attributes:
        row: int64 (n_windows,), the text of each window.
        place: int64 (n_windows, n_tokens), the place in the text of each of its tokens.
        mask: bool (n_windows, n_tokens), True where there is a token; None: everywhere.
        share: float (n_texts, n_windows), the weight of each window in its text's mean.
    """

    row: Tensor
    place: Tensor
    mask: Tensor | None
    share: Tensor


class Windowed(nn.Module):
    """A model that reads a long text in windows, each half over the one before, and averages their logits.

    Every window has the special tokens around it that the whole text has. A text that fits into one window
    is read as without.

    Attributes:
        model: what reads a window.
        window: tokens of a window, special ones included.
        frame: number of special tokens before and behind a text.
    """

    max_tokens = None

    def __init__(self, model: nn.Module, window: int, frame: tuple[int, int]) -> None:
        """Wrap a model.

        Raises:
            ConfigError: the model does not read so many tokens, or a window has no room for two words.
        """
        super().__init__()
        limit = limit_of(model)
        if limit is not None and window > limit:
            raise ConfigError(
                f"data.windows={window}: the model reads at most {limit} tokens: set data.windows={limit}"
            )
        if window < sum(frame) + 2:
            raise ConfigError(
                f"data.windows={window}: a window has {sum(frame)} special tokens and needs room for two "
                f"more: give at least {sum(frame) + 2}"
            )
        self.model, self.window, self.frame = model, window, frame

    @property
    def family(self) -> str:
        """How errors call the model."""
        return family_of(self.model)

    @property
    def removals(self) -> tuple[RemovalName, ...]:
        """Ways to remove a word that suit the model."""
        return removals_of(self.model)

    @property
    def saved_arguments(self) -> Mapping[str, Any] | None:
        """Arguments that rebuild the model where its first weights are gone."""
        return saved_arguments_of(self.model)

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        """Return logits (batch, n_classes) for token ids (batch, n_tokens); mask None: no padding."""
        if token_ids.shape[1] <= self.window:
            logits: Tensor = self.model(token_ids, mask)
            return logits
        windows = self._windows(token_ids, mask)
        logits = self.model(token_ids[windows.row[:, None], windows.place], windows.mask)
        return windows.share.to(logits.dtype) @ logits

    def embed(self, token_ids: Tensor) -> Tensor:
        """Return embeddings (batch, n_tokens, embedding_size).

        Raises:
            NotImplementedError: the model computes from ids alone.
        """
        parts = torch.split(token_ids, self.window, dim=1)
        return torch.cat([self._inspectable().embed(part) for part in parts], dim=1)

    def inspect(self, embeddings: Tensor, mask: Tensor | None) -> Inspection:
        """Return logits, and what the windows show, at its place in the text.

        Where windows overlap, states are their mean, and attention is the windows' mean, too, so that it sums
        to 1 over a text. Attention before its softmax, and that of single heads, is shown of a text that is
        read at once only.
        """
        if embeddings.shape[1] <= self.window:
            return self._inspectable().inspect(embeddings, mask)
        windows = self._windows(embeddings, mask)
        seen = self._inspectable().inspect(embeddings[windows.row[:, None], windows.place], windows.mask)
        there = torch.ones(windows.place.shape, device=embeddings.device)
        there = there if windows.mask is None else there * windows.mask
        n_texts, n_tokens = embeddings.shape[:2]
        flat = (windows.row[:, None] * n_tokens + windows.place).flatten()

        def placed(values: Tensor) -> Tensor:
            """Sum what windows say of a text's tokens: (n_windows, length, k) to (n_texts, n_tokens, k)."""
            values = values * there[..., None].to(values.dtype)
            sums = values.new_zeros(n_texts * n_tokens, values.shape[-1])
            return sums.index_add(0, flat, values.flatten(0, 1)).view(n_texts, n_tokens, -1)

        times = placed(there[..., None]).clamp(min=1.0)
        weight = windows.share.sum(dim=0)[:, None, None]  # of a window in its text's mean
        return Inspection(
            logits=windows.share.to(seen.logits.dtype) @ seen.logits,
            hidden_states=placed(seen.hidden_states) / times,
            attention=None if seen.attention is None else placed(seen.attention[..., None] * weight)[..., 0],
            attention_scores=None,
        )

    def _windows(self, tokens: Tensor, mask: Tensor | None) -> _Windows:
        before, behind = self.frame
        n_texts, n_tokens = tokens.shape[:2]
        lengths = torch.full((n_texts,), n_tokens, device=tokens.device) if mask is None else mask.sum(dim=1)
        room = self.window - before - behind
        step = max(1, room // 2)
        inner = lengths - before - behind
        n_of_text = 1 + ((inner - room).clamp(min=0) + step - 1) // step
        row = torch.repeat_interleave(torch.arange(n_texts, device=tokens.device), n_of_text)
        number = torch.arange(len(row), device=tokens.device) - (n_of_text.cumsum(0) - n_of_text)[row]
        # The last window ends where the text does.
        start = torch.minimum(number * step, (inner - room).clamp(min=0)[row])[:, None]
        n_inner = inner.clamp(max=room)[row][:, None]
        place = torch.arange(self.window, device=tokens.device)[None]
        source = torch.where(place < before, place, place + start)
        from_end = lengths[row][:, None] - behind + (place - before - n_inner)
        source = torch.where(place >= before + n_inner, from_end, source)
        there = place < before + n_inner + behind
        share = (row == torch.arange(n_texts, device=tokens.device)[:, None]) / n_of_text[:, None]
        return _Windows(row, source.clamp(0, n_tokens - 1), None if there.all() else there, share)

    def _inspectable(self) -> Inspectable:
        found = inspectable_of(self.model)
        if found is None:
            raise NotImplementedError(f"{self.family} shows no embeddings")
        return found
