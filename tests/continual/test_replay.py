"""Earlier rows among new ones: how many, which, and under whose classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from whytrain.continual.replay import with_replay
from whytrain.data.corpus import Corpus, Split
from whytrain.errors import ConfigError


def split_of(texts: list[str], labels: list[int], prefix: str = "r", **columns: list[str]) -> Split:
    ids = [f"{prefix}{number}" for number in range(len(texts))]
    return Split(ids=ids, texts=texts, labels=np.array(labels), human=None, columns=columns)


def corpus_of(word: str, n: int, classes: tuple[str, ...] = ("bad", "good"), **changes: object) -> Corpus:
    train = split_of([f"{word} {i}" for i in range(n)], [i % 2 for i in range(n)], source=[word] * n)
    validation = split_of([f"{word} v{i}" for i in range(4)], [0, 1, 1, 1], "v")
    corpus = Corpus(
        name=word,
        class_names=classes,
        train=train,
        validation=validation,
        calibration=None,
        test=None,
        notices=(),
        fingerprint=word,
    )
    return replace(corpus, **changes)  # type: ignore[arg-type]


OLD, NEW = corpus_of("old", 10), corpus_of("new", 6)


@pytest.mark.parametrize(("share", "n_replayed"), [(0.0, 0), (0.5, 3), (1.0, 6), (5.0, 10)])
def test_so_many_earlier_rows_stand_behind_the_new_ones(share: float, n_replayed: int) -> None:
    joined = with_replay(NEW, OLD, share=share, seed=0)
    assert joined.train.texts[:6] == NEW.train.texts
    replayed = joined.train.texts[6:]
    assert len(replayed) == len(set(replayed)) == n_replayed
    assert all(text.startswith("old ") for text in replayed)
    assert len(set(joined.train.ids)) == len(joined.train)
    wanted = [int(text.rpartition(" ")[2]) % 2 for text in joined.train.texts]
    assert joined.train.labels.tolist() == wanted
    assert joined.train.columns["source"] == ["new"] * 6 + ["old"] * n_replayed
    assert joined.evaluations["old"].texts == OLD.validation.texts
    assert joined.validation.texts == NEW.validation.texts


def test_the_draw_is_the_seeds() -> None:
    def drawn(seed: int) -> list[str]:
        return with_replay(NEW, OLD, share=0.5, seed=seed).train.texts

    assert drawn(0) == drawn(0)
    assert len({tuple(drawn(seed)) for seed in range(8)}) > 1


def test_rows_that_new_ones_are_held_out_from_are_not_replayed() -> None:
    held_out = split_of(["old 1", "old 3"], [1, 1], "t")
    texts = with_replay(replace(NEW, test=held_out), OLD, share=5.0, seed=0).train.texts
    assert not {"old 1", "old 3"} & set(texts)
    assert len(texts) == 6 + 8


def test_classes_are_the_models_in_its_order() -> None:
    other = corpus_of("new", 6, ("Good", "Bad"), positive=0)
    joined = with_replay(other, OLD, share=1.0, seed=0)
    assert joined.class_names == ("bad", "good")
    assert joined.positive == 1
    assert joined.train.labels[:6].tolist() == [1, 0] * 3
    assert joined.validation.labels.tolist() == [1, 0, 0, 0]


def test_three_classes_in_a_circle() -> None:
    labels = np.array([0, 1, 2, 0])
    new = corpus_of("new", 4, ("b", "c", "a"))
    new = replace(new, train=replace(new.train, labels=labels), validation=new.validation)
    old = corpus_of("old", 4, ("a", "b", "c"))
    joined = with_replay(new, old, share=0.0, seed=0)
    assert [joined.class_names[label] for label in joined.train.labels] == ["b", "c", "a", "b"]


def test_other_classes_and_a_taken_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="knows the classes bad, good, the new data has no, yes"):
        with_replay(corpus_of("new", 4, ("no", "yes")), OLD, share=1.0, seed=0)
    with pytest.raises(ConfigError, match="old is the earlier data here"):
        with_replay(replace(NEW, evaluations={"old": NEW.validation}), OLD, share=1.0, seed=0)


def test_the_fingerprint_is_of_what_is_learned() -> None:
    prints = {with_replay(NEW, OLD, share=share, seed=0).fingerprint for share in (0.0, 0.5, 1.0)}
    assert len(prints) == 3
