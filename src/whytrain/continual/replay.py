"""Earlier data among new data, so that learning the new one does not undo what was learned before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from whytrain.data.corpus import Corpus, Split, corpus_fingerprint
from whytrain.data.label_names import few_of, same_classes
from whytrain.errors import ConfigError

OLD = "old"  # the evaluation set of earlier validation rows
_ID = "replayed-{}"


def with_replay(new: Corpus, old: Corpus, *, share: float, seed: int) -> Corpus:
    """Return a corpus whose training rows are the new ones and some earlier ones.

    Earlier rows are drawn from the earlier training split, without those whose text is among the new rows of
    another split. The earlier validation rows become the evaluation set `old`: nothing is decided by them.

    Args:
        new: the data to learn now.
        old: what was learned before.
        share: earlier rows per new row, ≥ 0; all of them where they are fewer.
        seed: of the draw.

    Raises:
        ConfigError: the classes differ, or the new data has an evaluation set of that name.
    """
    new = _named_as(new, old.class_names)
    if OLD in new.evaluations:
        raise ConfigError(f"data.evaluation_paths: {OLD} is the earlier data here; give another name")
    held_out = [split for split in (new.validation, new.calibration, new.test) if split is not None]
    taken = {text for split in held_out for text in split.texts}
    candidates = np.array([row for row, text in enumerate(old.train.texts) if text not in taken], np.int64)
    n_replayed = min(round(share * len(new.train)), len(candidates))
    chosen = np.sort(np.random.default_rng(seed).choice(candidates, n_replayed, replace=False))
    train = _joined(new.train, old.train.select(chosen))
    evaluations = {**new.evaluations, OLD: old.validation}
    fingerprint = corpus_fingerprint(new.class_names, train, new.validation, new.calibration, new.test)
    notice = f"{n_replayed:,} of {len(old.train):,} earlier training rows are learned again."
    return replace(
        new,
        train=train,
        evaluations=evaluations,
        fingerprint=fingerprint,
        uncorrected=None,
        notices=(*new.notices, notice) if n_replayed else new.notices,
    )


def _named_as(new: Corpus, class_names: tuple[str, ...]) -> Corpus:
    """Return a corpus whose classes have the names and the order that a model knows them by."""
    order = same_classes(new.class_names, class_names)
    if order is None:
        raise ConfigError(
            f"continue_from: the run knows the classes {few_of(class_names)}, the new data has "
            f"{few_of(new.class_names)}: give data of the same classes"
        )

    def ordered(split: Split | None) -> Split | None:
        return None if split is None else _in_order(split, order)

    return replace(
        new,
        class_names=class_names,
        positive=order.index(new.positive),
        train=_in_order(new.train, order),
        validation=_in_order(new.validation, order),
        calibration=ordered(new.calibration),
        test=ordered(new.test),
        check=ordered(new.check),
        evaluations={name: _in_order(split, order) for name, split in new.evaluations.items()},
    )


def _in_order(split: Split, order: list[int]) -> Split:
    """Return rows whose classes have new positions; `order[new]` is a class's old one."""
    human = None if split.human is None else split.human[:, order]
    if split.labels.ndim == 2:
        return replace(split, labels=split.labels[:, order], human=human)
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    return replace(split, labels=position[split.labels], human=human)


def _joined(new: Split, old: Split) -> Split:
    """Put earlier rows behind new ones, with the columns that both have."""
    shared = [name for name in new.columns if name in old.columns]
    return Split(
        ids=[*new.ids, *map(_ID.format, old.ids)],
        texts=[*new.texts, *old.texts],
        labels=np.concatenate([new.labels, old.labels]),
        human=None,
        columns={name: [*new.columns[name], *old.columns[name]] for name in shared},
    )
