"""A masked language model: what may stand in a text where words are not known."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import torch
from annotated_types import Ge
from numpy.typing import NDArray
from torch import Tensor

from whytrain.data.pretrained import PretrainedTokenizer
from whytrain.data.tokenization import Tokenizer
from whytrain.errors import ConfigError
from whytrain.models.evaluation import device_of, evaluating
from whytrain.models.pretrained_network import pretrained_network
from whytrain.models.transformer_reading import longest_input

_BATCH_TOKENS = 4096  # of sentences of one length; the chances of a whole vocabulary are held for each
_MANY = 0.1  # of a vocabulary begin with the sign of a space, where there is one
_UNUSED = re.compile(r"\[unused\d+\]")
_UNKNOWN = -1  # a word that is not drawn yet


class MaskedLanguageModel:
    """Draws the unknown words of a text from what a network expects there.

    One word after another from the left, each given the words that are known and those drawn before it; so
    that what is drawn together fits together. An unknown word is one mask: how many tokens it had is not
    known. What is drawn is a whole word, a single token of the network's vocabulary.

    Attributes:
        name: what was read.
        samples: texts that are drawn for each text with unknown words.
        tokenizer: the network's.
    """

    def __init__(self, network: Any, tokenizer: Tokenizer, *, name: str, samples: int, seed: int) -> None:
        """Store the parts.

        Args:
            network: a `transformers` network with a head for masked tokens.
            tokenizer: its own.
            name: of both, for people.
            samples: texts to draw, ≥ 1.
            seed: of the drawing.

        Raises:
            ConfigError: there is no mask token.
        """
        if tokenizer.mask_id is None:
            raise ConfigError(
                f"infill.name_or_path={name}: its tokenizer has no mask token, so it cannot be asked about "
                "missing words; use a masked language model, such as BERT or RoBERTa"
            )
        self.network, self.tokenizer = network.eval(), tokenizer
        self.name, self.samples, self._seed = name, samples, seed
        self._mask_id, self._limit = tokenizer.mask_id, longest_input(network)
        self._pieces: dict[str, tuple[int, ...]] = {}

    def drawn(self, words: Sequence[str], known: NDArray[np.bool_]) -> NDArray[np.object_]:
        """Draw the unknown words of a text.

        All texts with the same words draw with the same random numbers, spread evenly over the samples
        (a Latin hypercube): what differs between two sets of known words is then due to these words.

        Args:
            words: n_words.
            known: bool (n_texts, n_words).

        Returns:
            Words (n_texts, samples, n_words).

        Raises:
            ConfigError: the text is longer than the network reads.
        """
        self._check_length(words)
        text = zlib.crc32(" ".join(words).encode("utf-8", "surrogatepass"))
        generator = np.random.default_rng([self._seed, text])
        shape = (len(words), self.samples)
        ranks = generator.permuted(np.tile(np.arange(self.samples), (len(words), 1)), axis=1)
        chances = (ranks + generator.random(shape)) / self.samples
        kept, which = np.unique(known, axis=0, return_inverse=True)
        drawn = np.where(np.repeat(kept, self.samples, axis=0), _UNKNOWN - 1, _UNKNOWN)
        number = np.tile(np.arange(self.samples), len(kept))
        for place in range(len(words)):
            rows = np.flatnonzero(drawn[:, place] == _UNKNOWN)
            if len(rows):
                contexts, inverse = np.unique(drawn[rows], axis=0, return_inverse=True)
                found = self._draw(words, contexts, place, chances[place])
                drawn[rows, place] = found[inverse.reshape(-1), number[rows]]
        written = np.where(drawn < 0, np.array(words, dtype=object), self._words[np.maximum(drawn, 0)])
        texts: NDArray[np.object_] = written.reshape(len(kept), self.samples, len(words))
        return texts[which.reshape(-1)]

    def _draw(
        self, words: Sequence[str], contexts: NDArray[np.int64], place: int, chances: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Return the tokens that stand at these chances of what is expected, (n_contexts, samples).

        Args:
            words: of the text.
            contexts: (n_contexts, n_words), the token drawn for a word; below 0 none.
            place: of the word.
            chances: (samples,), between 0 and 1.
        """
        device = device_of(self.network)
        by_length: dict[int, list[int]] = {}
        sentences, places = zip(*(self._sentence(words, context, place) for context in contexts), strict=True)
        for row, ids in enumerate(sentences):
            by_length.setdefault(len(ids), []).append(row)
        found = np.empty((len(contexts), len(chances)), dtype=np.int64)
        wanted = torch.from_numpy(chances).to(device)
        for length, rows in by_length.items():
            size = max(1, _BATCH_TOKENS // length)
            for start in range(0, len(rows), size):
                part = rows[start : start + size]
                ids = torch.tensor([sentences[row] for row in part], device=device)
                at = torch.tensor([places[row] for row in part], device=device)
                sums = self._expected(ids, at).cumsum(dim=1)
                levels = (wanted * sums[:, -1:]).contiguous()
                token = torch.searchsorted(sums, levels).clamp(max=sums.shape[1] - 1)
                found[part] = token.cpu().numpy()
        return found

    def _expected(self, ids: Tensor, places: Tensor) -> Tensor:
        """Return the chance of each word of the vocabulary at a place, float64 (n_sentences, vocabulary)."""
        rows = torch.arange(len(ids), device=ids.device)

        def only_there(_: Any, __: Any, output: Any) -> Any:
            """Let the head, most of a small network's work, read one state of each sentence."""
            output.last_hidden_state = output.last_hidden_state[rows, places].unsqueeze(1)
            return output

        with evaluating(self.network):
            handle = self.network.base_model.register_forward_hook(only_there)
            try:
                logits = self.network(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[:, 0]
            finally:
                handle.remove()
        allowed = torch.from_numpy(self._is_word).to(ids.device)
        scores = logits[:, : len(allowed)].double().masked_fill(~allowed, -torch.inf)
        chances: Tensor = scores.softmax(dim=1)
        return chances

    def _sentence(
        self, words: Sequence[str], context: NDArray[np.int64], place: int
    ) -> tuple[list[int], int]:
        """Return the token ids of a text, and where the word in question is among them."""
        ids: list[int] = []
        at = 0
        for number, (word, token) in enumerate(zip(words, context.tolist(), strict=True)):
            at = len(ids) if number == place else at
            if token < 0:
                ids += (self._mask_id,) if token == _UNKNOWN else self.pieces(word)
            else:
                ids.append(token)
        return self.tokenizer.framed(ids), at + self.tokenizer.frame[0]

    def pieces(self, word: str) -> tuple[int, ...]:
        """Return the token ids of a word within a text."""
        if word not in self._pieces:
            self._pieces[word] = word_within(self.tokenizer, word)
        return self._pieces[word]

    @cached_property
    def _words(self) -> NDArray[np.object_]:
        """Each token of the vocabulary as it is written."""
        return np.array(self.tokenizer.written(range(self.tokenizer.vocabulary_size)), dtype=object)

    @cached_property
    def _is_word(self) -> NDArray[np.bool_]:
        """Which tokens of the vocabulary are whole words: bool (vocabulary,)."""
        tokens = self.tokenizer.tokens(range(self.tokenizer.vocabulary_size))
        # Vocabularies that write the space before a word, as byte-level BPE and SentencePiece do.
        shares = {sign: np.mean([token.startswith(sign) for token in tokens]) for sign in "Ġ▁"}
        begins = next((sign for sign, share in shares.items() if share > _MANY), "")
        special = self.tokenizer.special_ids | {self.tokenizer.unknown_id}
        return np.array(
            [
                number not in special
                and token.startswith(begins)
                and not token.startswith("##")
                and not _UNUSED.fullmatch(token)
                and len(str(written).split()) == 1
                for number, (token, written) in enumerate(zip(tokens, self._words, strict=True))
            ]
        )

    def _check_length(self, words: Sequence[str]) -> None:
        n_tokens = sum(len(self.pieces(word)) for word in words) + self.tokenizer.n_framing
        if self._limit is not None and n_tokens > self._limit:
            raise ConfigError(
                f"infill.name_or_path={self.name}: reads at most {self._limit} tokens, the text has "
                f"{n_tokens}: explain a part of it, or without infill.name_or_path"
            )


def word_within(tokenizer: Tokenizer, word: str) -> tuple[int, ...]:
    """Return the token ids of a word as it is read between two others."""
    found = tokenizer.encode_words(f"a {word} a", 1 << 20)
    inner = (found.word_of_token > 0) & (found.word_of_token < len(found.words) - 1)
    return tuple(found.token_ids[inner].tolist()) or tokenizer.pieces([word])[0]


def masked_language_model(
    *,
    name_or_path: str | None,
    samples: Annotated[int, Ge(1)],
    seed: int = 0,
    device: str = "cpu",
) -> MaskedLanguageModel | None:
    """Read a masked language model.

    Args:
        name_or_path: a folder with config.json, *.safetensors and a tokenizer, or a name on the hub; None:
            there is none.
        samples: texts to draw for each text with unknown words, ≥ 1.
        seed: of the drawing.
        device: where the network computes.

    Raises:
        ConfigError: there is none, it has no trained head, or it is no encoder.
        DataError: its tokenizer cannot be used.
    """
    if name_or_path is None:
        return None
    from transformers import AutoModelForMaskedLM

    key = "infill.name_or_path"
    network, loading = pretrained_network(
        AutoModelForMaskedLM, name_or_path, key=key, what="masked language model"
    )
    if loading["missing_keys"] or loading["mismatched_keys"]:
        raise ConfigError(
            f"{key}={name_or_path}: has no trained head that says which word is masked, so it would draw "
            "any words; use a masked language model as it was published, such as bert-base-uncased"
        )
    if getattr(network.config, "is_encoder_decoder", False):
        raise ConfigError(
            f"{key}={name_or_path}: is an encoder-decoder ({type(network).__name__}); use an encoder with a "
            "head for masked words, such as bert-base-uncased"
        )
    tokenizer = PretrainedTokenizer(name_or_path=name_or_path).build([])
    return MaskedLanguageModel(network.to(device), tokenizer, name=name_or_path, samples=samples, seed=seed)
