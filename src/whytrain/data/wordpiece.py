"""A WordPiece vocabulary of the training split's own (`tokenizer=wordpiece`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tokenizers
from annotated_types import Ge
from tokenizers import Regex, models, normalizers, pre_tokenizers, processors, trainers

from whytrain.data.corpus import content_hash
from whytrain.data.scripts import CJK_CHARACTERS, SYLLABLE, SYLLABLE_CHARACTERS
from whytrain.data.tokenization import Tokenizer, cached_tokenizer

FORMAT = "2"  # part of the cache key: raise it when texts are taken apart in another way
PADDING, UNKNOWN, CLS, SEP, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"  # as BERT calls them
SPECIAL_TOKENS = [PADDING, UNKNOWN, CLS, SEP, MASK]  # ids 0 to 4


@dataclass(frozen=True, kw_only=True)
class WordPieceTrainer:
    """Trains a WordPiece vocabulary (Schuster and Nakajima, 2012) on the training texts.

    The same texts, in any order, give the same vocabulary.

    Attributes:
        vocabulary_size: entries at most, special tokens included; the characters that occur come on top
            where they alone are more.
        min_frequency: how often a pair of pieces must occur to become one.
        lowercase: whether "Good" and "good" are the same.
    """

    vocabulary_size: Annotated[int, Ge(100)]
    min_frequency: Annotated[int, Ge(1)]
    lowercase: bool

    def build(self, train_texts: list[str]) -> Tokenizer:
        """Return the tokenizer trained on these texts, now or by an earlier run."""
        key = content_hash(train_texts, [repr(self), FORMAT, tokenizers.__version__])
        name = "wordpiece, trained on the training split"
        return cached_tokenizer(key, name, lambda: Tokenizer(self._train(train_texts), name))

    def _train(self, train_texts: list[str]) -> tokenizers.Tokenizer:
        backend = self._untrained(models.WordPiece(unk_token=UNKNOWN))
        # The library numbers the inner characters ("##a") in the order of a randomly seeded hash map,
        # and equally frequent pairs are merged by number: two runs would differ. Given as special
        # tokens they get fixed numbers. The vocabulary then goes into a tokenizer without them.
        inner = [f"##{character}" for character in _inner_characters(backend, train_texts)]
        trainer = trainers.WordPieceTrainer(
            vocab_size=self.vocabulary_size,
            min_frequency=self.min_frequency,
            special_tokens=SPECIAL_TOKENS + inner,
            show_progress=False,
        )
        backend.train_from_iterator(train_texts, trainer)
        vocabulary = backend.get_vocab(with_added_tokens=True)
        trained = self._untrained(models.WordPiece(vocabulary, unk_token=UNKNOWN))
        trained.add_special_tokens(SPECIAL_TOKENS)
        trained.post_processor = processors.TemplateProcessing(
            single=f"{CLS} $A {SEP}", special_tokens=[(token, vocabulary[token]) for token in (CLS, SEP)]
        )
        return trained

    def _untrained(self, model: models.WordPiece) -> tokenizers.Tokenizer:
        backend = tokenizers.Tokenizer(model)
        # BERT would strip accents with the case; in many languages they tell words apart.
        backend.normalizer = normalizers.Sequence(
            [normalizers.NFC(), normalizers.BertNormalizer(strip_accents=False, lowercase=self.lowercase)]
        )
        # BERT's rule isolates Han characters; here kana too, and the syllables of scripts without spaces: a
        # run of more than a hundred characters would be one unknown token.
        unspaced = f"(?=[{CJK_CHARACTERS}{SYLLABLE_CHARACTERS}])"  # asked first: most characters are none
        unit = Regex(f"{unspaced}(?:[{CJK_CHARACTERS}]|{SYLLABLE})")
        isolated = pre_tokenizers.Split(unit, behavior="isolated")
        backend.pre_tokenizer = pre_tokenizers.Sequence([isolated, pre_tokenizers.BertPreTokenizer()])
        return backend


def _inner_characters(backend: tokenizers.Tokenizer, texts: list[str]) -> list[str]:
    """Return the characters that stand anywhere but at the beginning of a pre-token, sorted."""
    tokens = {token for text in texts for token in text.split()}
    inner: set[str] = set()
    for token in tokens:
        normal = backend.normalizer.normalize_str(token)
        for piece, _ in backend.pre_tokenizer.pre_tokenize_str(normal):
            inner.update(piece[1:])
    return sorted(inner)
