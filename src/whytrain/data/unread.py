"""What a model does not get to see of its texts: tokens that nobody knows, and ends that are cut off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from whytrain.data.encoded import EncodedSplit
from whytrain.data.tokenization import Tokenizer


@dataclass(frozen=True, kw_only=True)
class Unread:
    """Counts over the texts of a split; special tokens around a text are not counted.

    Attributes:
        n_texts: all of them.
        n_tokens: that are read.
        n_unknown: of these, those that stand for what is not in the vocabulary.
        n_cut_texts: texts whose end was cut off.
        n_cut_tokens: what was cut off.
        n_tokens_of_cut: all tokens of these texts, cut off or not.
    """

    n_texts: int
    n_tokens: int
    n_unknown: int
    n_cut_texts: int
    n_cut_tokens: int
    n_tokens_of_cut: int

    @property
    def unknown_share(self) -> float:
        """Share of the tokens read that are unknown, 0 to 1."""
        return self.n_unknown / max(self.n_tokens, 1)

    @property
    def cut_share(self) -> float:
        """Share of the texts whose end was cut off, 0 to 1."""
        return self.n_cut_texts / max(self.n_texts, 1)

    @property
    def lost_share(self) -> float:
        """Share of the tokens of these texts that was cut off, 0 to 1."""
        return self.n_cut_tokens / max(self.n_tokens_of_cut, 1)


def unread(split: EncodedSplit, tokenizer: Tokenizer) -> Unread:
    """Count what is not seen of a split that `encode_split` made."""
    n_cut = np.zeros(len(split), dtype=np.int64) if split.n_cut is None else split.n_cut
    lengths = np.maximum(split.lengths - tokenizer.n_framing, 0)
    is_cut = n_cut > 0
    unknown = tokenizer.unknown_id
    return Unread(
        n_texts=len(split),
        n_tokens=int(lengths.sum()),
        n_unknown=0 if unknown is None else int((split.token_ids == unknown).sum()),
        n_cut_texts=int(is_cut.sum()),
        n_cut_tokens=int(n_cut.sum()),
        n_tokens_of_cut=int((n_cut + lengths)[is_cut].sum()),
    )


def told(splits: Mapping[str, Unread]) -> str:
    """Return what is not seen of all splits together, in words.

    >>> told({"train": Unread(n_texts=9, n_tokens=90, n_unknown=0, n_cut_texts=0, n_cut_tokens=0,
    ...                       n_tokens_of_cut=0)})
    'all of it: no token is unknown, no text is cut'
    """
    n = {name: sum(getattr(split, name) for split in splits.values()) for name in Unread.__annotations__}
    whole = Unread(**n)
    if not (whole.n_unknown or whole.n_cut_texts):
        return "all of it: no token is unknown, no text is cut"
    n_cut, n_texts = f"{whole.n_cut_texts:,}", f"{whole.n_texts:,}"
    are, their = ("is", "its") if whole.n_cut_texts == 1 else ("are", "their")
    cut = (
        f"{n_cut} of {n_texts} texts {are} cut, {whole.lost_share:.0%} of {their} tokens"
        if whole.n_cut_texts
        else "no text is cut"
    )
    return f"{whole.unknown_share:.1%} of the tokens are unknown; {cut}"
