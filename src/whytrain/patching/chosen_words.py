"""Which word of a sentence is taken away: a negation, or the word that decides most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from whytrain.data.tokenization import WordEncoding
from whytrain.models.evaluation import evaluating
from whytrain.models.interface import ModelInterface
from whytrain.patching.pairs import Pair, without_word
from whytrain.probing.negation import is_negation, negation_scope

_LONGEST = 30  # words of a sentence that is chosen: longer ones cost more and show less


def negations(texts: Sequence[str], model: ModelInterface) -> Iterator[Pair]:
    """Yield sentences with a negation that is about something, each beside itself without that word."""
    for text in texts:
        encoding = model.tokenizer.encode_words(text, model.max_tokens)
        if len(encoding.words) > _LONGEST:
            continue
        scope = negation_scope(encoding.words)
        for place, word in enumerate(encoding.words[:-1]):
            if is_negation(word) and scope[place + 1]:
                yield without_word(encoding, place, model)
                break


def decisive_words(texts: Sequence[str], model: ModelInterface) -> Iterator[Pair]:
    """Yield sentences, each beside itself without the word whose absence moves the logits most."""
    for text in texts:
        encoding = model.tokenizer.encode_words(text, model.max_tokens)
        if 2 <= len(encoding.words) <= _LONGEST:
            yield most_decisive(encoding, model)


def most_decisive(encoding: WordEncoding, model: ModelInterface) -> Pair:
    """Return a sentence beside itself without the word whose absence moves the predicted class most.

    How far: the change of its logit less the mean of all.
    """
    pairs = [without_word(encoding, word, model) for word in range(len(encoding.words))]
    ids = np.stack([encoding.token_ids, *(pair.other_ids for pair in pairs)])
    with evaluating(model):
        logits = model(torch.from_numpy(ids), None).double().cpu()
    centered = logits - logits.mean(dim=1, keepdim=True)
    moved = (centered[1:] - centered[0])[:, int(logits[0].argmax())].abs()
    return pairs[int(moved.argmax())]
