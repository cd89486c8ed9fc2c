"""The LightningDataModule over a source and a tokenizer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytorch_lightning as pl
from numpy.typing import NDArray

from whytrain.data.batch_plan import batch_plan, evaluation_plan
from whytrain.data.cache import cache_directory
from whytrain.data.corpus import Corpus, Split
from whytrain.data.encoded import EncodedSplit, encode_split, encode_texts
from whytrain.data.source import Source
from whytrain.data.tokenization import Tokenizer, TokenizerBuilder
from whytrain.data.unread import Unread, unread
from whytrain.guidance.guidance import Guidance
from whytrain.guidance.token_kinds import TokenKinds
from whytrain.guidance.training_rows import TrainingRows
from whytrain.lightning_modules.continual import Earlier
from whytrain.lightning_modules.loader import EvaluationLoader, Plan, TrainingLoader
from whytrain.models.batch_runner import BATCH_SIZE
from whytrain.tasks import CLASSIFICATION, Task


class TextData(pl.LightningDataModule):
    """Sentences of a source, tokenized, in planned batches.

    Attributes:
        corpus: the splits as text, after `setup`.
        tokenizer: after `setup`.
        training: what batches of the training are made of, after `setup`: the train split, and behind it what
            a teacher labeled, or copies that guidance made.
        earlier: the run that the training goes on from: its tokenizer is used, its data joins in; None: the
            training is a first one.
        guidance: edits these sentences anew in every epoch; None: they stay as they are.
    """

    corpus: Corpus
    tokenizer: Tokenizer
    training: TrainingRows
    guidance: Guidance | None = None

    def __init__(
        self,
        source: Source,
        tokenizer_builder: TokenizerBuilder,
        *,
        seed: int,
        task: Task = CLASSIFICATION,
        earlier: Earlier | None = None,
    ) -> None:
        """Store the parts; `seed` fixes the order of the batches, `task` says what labels mean."""
        super().__init__()
        self.earlier = earlier
        self.source = source
        self.tokenizer_builder = tokenizer_builder
        self.seed, self.task = seed, task
        self._encoded: dict[str, EncodedSplit] = {}

    def prepare_data(self) -> None:
        """Download what the source needs."""
        self.source.check(self.task)
        self.source.prepare()

    def setup(self, stage: str | None = None) -> None:
        """Load, tokenize (or find in the cache) and encode all splits; once."""
        if self._encoded:
            return
        self.corpus = self.source.load(self.task)
        if self.earlier is None:
            self.tokenizer = self.tokenizer_builder.build(self.corpus.train.texts)
        else:
            self.corpus, self.tokenizer = self.earlier.joined(self.corpus), self.earlier.model.tokenizer
        splits: dict[str, Split | None] = {
            "train": self.corpus.train,
            "validation": self.corpus.validation,
            "calibration": self.corpus.calibration,
            "test": self.corpus.test,
            **self.corpus.outside,
        }
        self._encoded = {
            name: encode_split(split, self.tokenizer, self.source.max_tokens, cache_directory() / "encoded")
            for name, split in splits.items()
            if split is not None
        }
        self.training = TrainingRows(
            ids=self.corpus.train.ids,
            texts=self.corpus.train.texts,
            encoded=self._encoded["train"],
            tokenizer=self.tokenizer,
            max_tokens=self.source.max_tokens,
            n_classes=len(self.corpus.class_names),
        )

    @property
    def model_sizes(self) -> dict[str, int]:
        """What the data decides of a model's constructor, after `setup`."""
        return {
            "vocabulary_size": self.tokenizer.vocabulary_size,
            "n_classes": len(self.corpus.class_names),
            "padding_id": self.tokenizer.padding_id,
        }

    @property
    def token_kinds(self) -> TokenKinds:
        """Special and continuing wordpieces of the tokenizer, after `setup`."""
        return TokenKinds.of(self.tokenizer)

    def encoded(self, name: str) -> EncodedSplit:
        """The encoded split `train`, … or one of `Corpus.outside`; KeyError if there is none."""
        return self._encoded[name]

    @property
    def unread(self) -> dict[str, Unread]:
        """What is not seen of each split, after `setup`."""
        return {name: unread(split, self.tokenizer) for name, split in self._encoded.items()}

    def steps_per_epoch(self, n_ranks: int) -> int:
        """Optimizer steps of the first epoch, after `setup`; another may have one more or less.

        Args:
            n_ranks: processes that train together.
        """
        return len(
            batch_plan(self.training.encoded.lengths, self.source.batch_size, self.seed, 1, n_ranks)[0]
        )

    def encode(self, texts: list[str], labels: NDArray[np.int64]) -> EncodedSplit:
        """Encode sentences that belong to no split, as those of the splits are; labels in the task's form."""
        return encode_texts(texts, labels, self.tokenizer, self.source.max_tokens)

    def guide(self, guidance: Guidance) -> None:
        """Let guidance edit the sentences of the training."""
        self.guidance, self.training = guidance, guidance.rows

    def shuffle_labels(self, seed: int) -> None:
        """Give the sentences of the training each other's labels: there is nothing left to learn.

        Guidance, which goes by labels, is left out.
        """
        encoded = self.training.encoded
        labels = np.random.default_rng(seed).permutation(encoded.labels)
        self.training = replace(self.training, encoded=replace(encoded, labels=labels))
        self.guidance = None

    def train_dataloader(self) -> TrainingLoader:
        """This rank's share of the batches of each epoch."""
        n_ranks, rank = (
            (self.trainer.world_size, self.trainer.global_rank) if self.trainer is not None else (1, 0)
        )

        def epoch_of(epoch: int) -> tuple[EncodedSplit, Plan]:
            split = self.training.encoded if self.guidance is None else self.guidance.epoch(epoch)
            return split, batch_plan(split.lengths, self.source.batch_size, self.seed, epoch + 1, n_ranks)[
                rank
            ]

        return TrainingLoader(epoch_of)

    def val_dataloader(self) -> EvaluationLoader:
        """All validation rows, on every rank."""
        split = self._encoded["validation"]
        return EvaluationLoader(split, evaluation_plan(split.lengths, BATCH_SIZE))
