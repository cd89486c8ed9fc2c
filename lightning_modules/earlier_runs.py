"""Guidance and a teacher's answers from earlier runs, matched to the data of this training."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from whytrain.data.label_names import few_of, has_no_names, same_classes
from whytrain.data.lexicon import NoLexicon, usual_lexicon
from whytrain.data.tokenization import HIDDEN, Tokenizer
from whytrain.errors import ConfigError
from whytrain.guidance.guidance import Guidance, guide
from whytrain.guidance.guidance_settings import FOUND, GuidanceSettings
from whytrain.guidance.training_rows import Named
from whytrain.lightning_modules.data import TextData
from whytrain.models.teacher import Answers, Compared, kept_answers, load_teacher
from whytrain.objectives.augmentation import Augmenter, Words, joined_texts, written_out
from whytrain.objectives.distillation import Distillation, DistillationSettings
from whytrain.objectives.teachers import folder_of
from whytrain.presentation.terminal import watched
from whytrain.runs.diagnosed_run import KEY
from whytrain.runs.find import RunFinder
from whytrain.runs.guiding_run import read_named
from whytrain.runs.provenance import check_same, data_fingerprint
from whytrain.shortcuts.marks import read_marks
from whytrain.tracking.reader import saved_model

_log = logging.getLogger(__name__)


def check_origin(from_diagnosis: str | None, data: TextData, find: RunFinder) -> None:
    """Refuse to follow the diagnosis of a run with other data or another tokenizer.

    Args:
        from_diagnosis: id or unique name of the run; None where none is followed.
        data: after `setup`.
        find: finds tracked runs.

    Raises:
        ConfigError: data or tokenizer differ.
    """
    if from_diagnosis is not None:
        check_same(find(from_diagnosis), KEY, data.corpus, data.tokenizer.fingerprint)


def guidance_of(settings: GuidanceSettings, data: TextData, find: RunFinder) -> Guidance | None:
    """Return what guides the training; None where nothing does.

    Args:
        settings: the config's section.
        data: after `setup`.
        find: finds tracked runs.

    Raises:
        TrackingError: there is no such run.
        ConfigError: it had other data or another tokenizer, keeps its words private, or explained nothing; or
            the marks cannot be read.
    """
    if not settings.is_on:
        return None
    named = Named()
    if settings.reads_run:
        assert settings.run is not None
        run = find(settings.run)
        check_same(run, "guidance.run", data.corpus, data.tokenizer.fingerprint)
        named = read_named(run, settings, data.corpus.train)
    if settings.acts_on_marks and settings.marks != FOUND:
        assert settings.marks is not None
        named = replace(named, marks=read_marks(settings.marks))
    lexicon = usual_lexicon(
        data.corpus.train.texts, is_needed=settings.synonyms > 0, is_wanted=_looks_for_words(settings, named)
    )
    return guide(settings, named, data.training, lexicon, data.seed)


def _looks_for_words(settings: GuidanceSettings, named: Named) -> bool:
    """Whether words are looked for in the lexicon.

    Those of a mark of several stand for each other, and function words are known without one.
    """
    alone = [m for m in named.marks if m.kind == "pair" or (m.kind == "words" and len(m.words) == 1)]
    unknown = any(NoLexicon().part_of_speech(word) is None for mark in alone for word in mark.words)
    return settings.changes_explained_words or (settings.picks_words and unknown)


def distillation_of(
    settings: DistillationSettings, data: TextData, find: RunFinder, device: torch.device
) -> Distillation | None:
    """Return the teachers' answers to the training sentences; None where there is no teacher.

    Of several it is the mean of their logits, which is the geometric mean of their probabilities (Hinton,
    Vinyals, Dean 2015, section 1), and of what they say of tokens. What is made of these sentences joins
    `data.training`, labeled by them.

    Args:
        settings: the config's section.
        data: after `setup`.
        find: finds tracked runs.
        device: where the teacher computes.

    Raises:
        TrackingError: there is no such run.
        ConfigError: a teacher has other classes, or its attention does not fit the student's tokens.
    """
    if not settings.teachers:
        return None
    changed, how = _augmented(settings, data), settings.augmentation
    joined = _joined(how["joined"], data)
    asked: list[tuple[int, Answers]] = []
    for number, name in enumerate(settings.teachers, start=1):
        folder = _teacher_folder(name, data.corpus.fingerprint, find)
        teacher = load_teacher(folder, data.source.max_tokens)
        order = _class_order(name, teacher.class_names, data.corpus.class_names)
        _check_tokenizer(name, teacher.tokenizer, settings, data)
        texts = [*data.corpus.train.texts, *_written(changed, teacher.tokenizer), *joined]
        bar = partial(watched, what=f"asking teacher {number} of {len(settings.teachers)}")
        found = kept_answers(teacher, folder, texts, compared=settings.compared, device=device, progress=bar)
        asked.append((teacher.max_tokens, Answers(found.logits[:, order], found.tokens)))
    logits = _mean([answers.logits for _, answers in asked])
    if further := [*_written(changed, data.tokenizer), *joined]:
        labels = logits[len(data.corpus.train) :].argmax(dim=1).numpy()
        data.training = data.training.joined(further, labels)
    tokens: dict[Compared, Tensor] = {}
    for compared in settings.compared:
        for max_tokens, answers in asked:
            _check_length(compared, max_tokens, len(answers.tokens[compared]), data)
        tokens[compared] = _mean([answers.tokens[compared] for _, answers in asked])
    return Distillation(
        logits=logits,
        attention=tokens.get("attention"),
        attributions=tokens.get("attributions"),
        offsets=torch.from_numpy(data.training.encoded.offsets),
        alpha=settings.alpha,
        temperature=settings.temperature,
        attention_weight=settings.attention,
        attributions_weight=settings.attributions,
    )


def _teacher_folder(teacher: str, fingerprint: str, find: RunFinder) -> Path:
    if (local := folder_of(teacher)) is not None:
        return local
    run = find(teacher)
    if data_fingerprint(run) != fingerprint:
        _log.warning(
            "distillation: the teacher %s was trained on other data than this run, and may know sentences of "
            "its validation split",
            run.name,
        )
    return saved_model(run)


def _class_order(teacher: str, theirs: Sequence[str], ours: Sequence[str]) -> list[int]:
    """Return where a teacher has each of our classes."""
    order = same_classes(theirs, ours)
    if order is not None:
        return order
    if has_no_names(theirs) and len(theirs) == len(ours):
        _log.warning(
            "distillation: nobody named the classes of the teacher %s; they are taken as %s",
            teacher,
            few_of(ours),
        )
        return list(range(len(ours)))
    raise ConfigError(
        f"distillation.teacher={teacher} knows the classes {few_of(theirs)}, the data has {few_of(ours)}: "
        "give a teacher of the same classes"
    )


def _augmented(settings: DistillationSettings, data: TextData) -> list[Words]:
    how, texts = settings.augmentation, data.corpus.train.texts
    if not how["copies"]:
        return []
    lexicon = usual_lexicon(texts, is_needed=False, is_wanted=how["replace"] > 0)
    make = Augmenter(texts, lexicon, mask=how["mask"], replace=how["replace"], n_gram=how["n_gram"])
    return make(how["copies"], data.source.split_seed)


def _joined(per_sentence: int, data: TextData) -> list[str]:
    """Return joined sentences; what would be cut, and so be one of the two again, is left out."""
    texts, split = data.corpus.train.texts, data.encoded("train")
    lengths = np.diff(split.offsets) - data.tokenizer.n_framing
    most = data.source.max_tokens - data.tokenizer.n_framing
    return joined_texts(texts, per_sentence * len(texts), data.source.split_seed, lengths=lengths, most=most)


def _written(made: Sequence[Words], tokenizer: Tokenizer) -> list[str]:
    """Write sentences with hidden words as a tokenizer hides them."""
    if tokenizer.mask_id is None and any(word is None for words in made for word in words):
        raise ConfigError(
            f"distillation.augmentation.mask hides words behind a mask token, and the tokenizer "
            f"{tokenizer.name} has none: set distillation.augmentation.mask=0"
        )
    return [written_out(words, HIDDEN) for words in made]


def _check_tokenizer(
    teacher: str, tokenizer: Tokenizer, settings: DistillationSettings, data: TextData
) -> None:
    for name in settings.compared:
        if tokenizer.fingerprint != data.tokenizer.fingerprint:
            raise ConfigError(
                f"distillation.{name} compares {name} token by token, but the teacher {teacher} has the "
                f"tokenizer {tokenizer.name} and the student {data.tokenizer.name}: use the teacher's "
                f"(tokenizer=huggingface tokenizer.name_or_path=…), or distillation.{name}=0"
            )


def _check_length(name: Compared, max_tokens: int, n_tokens: int, data: TextData) -> None:
    if n_tokens != len(data.training.encoded.token_ids):
        raise ConfigError(
            f"distillation.{name}: the teacher reads {max_tokens} tokens of a sentence and the "
            f"student {data.source.max_tokens}: set data.max_tokens={max_tokens}"
        )


def _mean(arrays: Sequence[NDArray[np.float32]]) -> Tensor:
    return torch.from_numpy(np.mean(arrays, axis=0))
