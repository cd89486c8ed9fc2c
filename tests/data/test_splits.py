"""Splits: stratified, seeded, whole sentences, and nothing of the calibration slice left in train."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from whytrain.data.files import FileFormat, read_table
from whytrain.data.splits import calibration_slice, sentence_groups, shared_texts, stratified_parts

LABELED = st.lists(
    st.tuples(st.integers(0, 60).map("sentence  {}".format), st.integers(0, 2)), min_size=3, max_size=120
)
PHRASES = st.lists(st.sampled_from("abcd"), min_size=1, max_size=6).map(" ".join)


@given(LABELED, st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_parts_are_a_stratified_partition_of_sentences(rows: list[tuple[str, int]], seed: int) -> None:
    texts, labels = [text for text, _ in rows], np.array([label for _, label in rows])
    parts = stratified_parts(texts, labels, (0.2, 0.1), seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(rows)))
    sentences = [{texts[row] for row in part} for part in parts]
    assert not sentences[0] & sentences[1]
    assert not (sentences[0] | sentences[1]) & sentences[2]
    first_label = dict(reversed(rows))
    of_class = np.bincount(list(first_label.values()), minlength=3)
    for part, share in ((sentences[1], 0.2), (sentences[2], 0.1)):
        counts = np.bincount([first_label[text] for text in part], minlength=3)
        # Largest remainders round each class up or down; a class of one or two sentences may give up
        # its part to the others because its last sentence stays in train.
        if of_class.min() > 2:
            assert np.all(np.abs(counts - share * of_class) < 1)
        assert counts.sum() <= round(share * of_class.sum())
    kept = np.bincount([first_label[text] for text in sentences[0]], minlength=3)
    assert np.all((kept > 0) == (of_class > 0))


@given(st.lists(st.tuples(PHRASES, st.integers(0, 2)), min_size=3, max_size=80), st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_sentences_that_contain_one_another_stay_together(rows: list[tuple[str, int]], seed: int) -> None:
    texts, labels = [text for text, _ in rows], np.array([label for _, label in rows])
    groups = sentence_groups(texts)
    parts = stratified_parts(texts, labels, (0.2, 0.2), seed, groups=groups)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(rows)))
    part_of = {row: number for number, part in enumerate(parts) for row in part.tolist()}
    n_distinct = len(set(texts))
    for group in range(groups.max() + 1):
        members = np.flatnonzero(groups == group)
        if len({texts[row] for row in members}) <= max(2, int(0.2 * n_distinct / 2)):
            assert len({part_of[row] for row in members}) == 1
    for text in set(texts):
        assert len({part_of[row] for row in range(len(rows)) if texts[row] == text}) == 1
    for part in parts[1:]:
        assert len({texts[row] for row in part}) <= round(0.2 * n_distinct)
    first_label = dict(reversed(rows))
    assert {first_label[texts[row]] for row in parts[0]} == set(first_label.values())


def test_the_split_without_kin_is_the_one_with_groups_of_one() -> None:
    texts, labels = [f"sentence {row}" for row in range(200)], np.arange(200) % 3
    both = (
        stratified_parts(texts, labels, (0.1, 0.1), 0, groups=groups)
        for groups in (None, sentence_groups(texts))
    )
    assert all(np.array_equal(a, b) for a, b in zip(*both, strict=True))


def test_kin_fill_the_parts_as_single_sentences_do() -> None:
    ends = ("", " indeed", " so be it")
    texts = [f"this is sentence {row}{end}" for row in range(200) for end in ends]
    labels = np.arange(600) // 300
    groups = sentence_groups(texts)
    parts = stratified_parts(texts, labels, (0.1, 0.1), 0, groups=groups)
    assert [len(part) for part in parts] == [480, 60, 60]
    assert not set(groups[parts[0]]) & set(groups[np.concatenate(parts[1:])])


def test_order_of_rows_does_not_matter_and_the_seed_does() -> None:
    texts = np.array([f"sentence {row}" for row in range(300)])
    labels = np.arange(300) % 3
    shuffled = np.random.default_rng(0).permutation(300)

    def held_out(order: np.ndarray, seed: int) -> set[str]:
        rows = stratified_parts(texts[order].tolist(), labels[order], (0.1,), seed)[1]
        return set(texts[order][rows].tolist())

    assert held_out(np.arange(300), 0) == held_out(shuffled, 0)
    # Two independent draws of 30 of 300 share 3 on average; 15 would be beyond any chance.
    assert len(held_out(np.arange(300), 0) & held_out(np.arange(300), 1)) < 15


def test_split_is_the_same_on_every_machine() -> None:
    texts, labels = [f"sentence {row}" for row in range(20)], np.arange(20) % 2
    # Pinned: runs of different versions are compared on the same validation sentences.
    assert stratified_parts(texts, labels, (0.2,), seed=0)[1].tolist() == [0, 1, 13, 14]


@given(st.lists(st.tuples(PHRASES, st.integers(0, 1)), min_size=4, max_size=40), st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_slice_is_whole_sentences_and_train_knows_nothing_of_them(
    rows: list[tuple[str, int]], size: int
) -> None:
    texts, labels = [text for text, _ in rows], np.array([label for _, label in rows])
    parts = calibration_slice(texts, labels, size, seed=0)

    def inside(inner: str, outer: str) -> bool:
        return f" {inner} " in f" {outer} "

    chosen = [texts[row] for row in parts.calibration]
    for text in chosen:
        assert not any(inside(text, other) and text != other for other in texts)
    kept = set(parts.train.tolist()) | set(parts.calibration.tolist())
    for row, text in enumerate(texts):
        known = any(inside(text, sentence) for sentence in chosen)
        assert known == (row not in set(parts.train.tolist()))
    assert len(kept) == len(parts.train) + len(parts.calibration)
    assert parts.n_dropped == len(texts) - len(kept)
    whole = {text for text in texts if not any(inside(text, other) and text != other for other in texts)}
    assert len(chosen) == len(set(chosen))
    n_classes = len({labels[texts.index(text)] for text in whole})
    assert len(chosen) == min(size, len(whole) - n_classes)


def test_slice_is_stratified() -> None:
    texts, labels = [f"sentence {row} ." for row in range(1000)], (np.arange(1000) % 4 == 0).astype(np.int64)
    parts = calibration_slice(texts, labels, 100, seed=0)
    assert np.bincount(labels[parts.calibration]).tolist() == [75, 25]
    assert parts.n_dropped == 0


@given(st.lists(PHRASES, min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_groups_hold_containers_and_identical_sentences_together(texts: list[str]) -> None:
    groups = sentence_groups(texts)
    assert list(dict.fromkeys(groups.tolist())) == list(range(groups.max() + 1))
    for row, text in enumerate(texts):
        outer = [
            other
            for other, candidate in enumerate(texts)
            if candidate != text and f" {text} " in f" {candidate} "
        ]
        if len(text.split()) >= 3:
            assert all(groups[other] == groups[row] for other in outer)
        elif outer:
            shortest = min(len(texts[other].split()) for other in outer)
            assert any(
                groups[other] == groups[row] for other in outer if len(texts[other].split()) == shortest
            )
        assert all(groups[other] == groups[row] for other in range(len(texts)) if texts[other] == text)


def test_short_phrase_does_not_join_what_has_nothing_else_in_common() -> None:
    texts = ["a film", "a film about bees", "he never saw a film again", "about bees and ants"]
    assert sentence_groups(texts).tolist() == [0, 0, 1, 2]


def test_shared_texts_counts_rows() -> None:
    assert shared_texts(["a  b", "c"], ["a b", "a b ", "d"]) == 2


def test_groups_of_sst2_can_be_dealt_to_folds(sst2_folder: Path) -> None:
    texts = read_table(sst2_folder / "train.tsv", FileFormat(quoting="none")).columns["sentence"]
    sizes = np.bincount(sentence_groups(texts))
    assert sizes.sum() == 67_349
    assert sizes.max() < 0.03 * sizes.sum()  # the folds of a five-fold cross-validation come out equal
