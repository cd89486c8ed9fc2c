"""The detector of shortcuts: what training texts teach and the check sample contradicts, or lacks."""

from __future__ import annotations

from collections.abc import Sequence

from whytrain.attribution.attribution import Quantity
from whytrain.counted import counted
from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import PAIR, Example, Measurement, NotExamined, Support
from whytrain.presentation.wording import percent, quoted
from whytrain.shortcuts.evidence import Candidate, ShortcutEvidence, ShownText
from whytrain.shortcuts.group import WordGroup
from whytrain.statistics.intervals import Interval

NO_CHECK = NotExamined(
    "it takes labeled rows from where the model will be used: give data.check_path=FILE; suspects are listed "
    "on the run's page without them, too"
)
EFFECT = Quantity(symbol="Δ", name="effect of deleting the word", unit="log-odds", additive=False)
_NOTHING = Interval(estimate=0.0, low=0.0, high=0.0)
_WORDS = 12  # of a group
_TOLD = 3  # shortcuts with a sentence of their own


def shortcut(run: RunEvidence) -> Measurement | NotExamined:
    """Share of the average decision that the weightiest shortcut carries, 0 where none is convicted.

    Where only words together are convicted, the share that these take from the true class. See
    `whytrain.shortcuts.search.find_shortcuts` for what convicts.
    """
    found = run.shortcuts
    if found is None:
        return NotExamined("nothing looked for shortcuts; callbacks=default does, for classes")
    if not found.n_check:
        return NO_CHECK
    group = found.group if found.group is not None and found.group.is_shortcut else None
    if not found.shortcuts and group is None:
        return Measurement(value=_NOTHING, unit="share")
    right = run.validation.predictions.right
    accuracies = (
        f"Accuracy is {right.mean():.3f} on {right.size:,} validation texts and "
        f"{found.n_check_right / found.n_check:.3f} on the {counted(found.n_check, 'check row')}."
    )
    told = [described(candidate, found, run.class_names) for candidate in found.shortcuts[:_TOLD]]
    if group is not None:
        told.append(together(group))
    tokens = [PAIR.join(candidate.feature.words) for candidate in found.shortcuts]
    examples = [
        example_of(shown, run.class_names)
        for candidate in found.shortcuts[:_TOLD]
        for shown in candidate.examples
    ]
    if group is not None:
        tokens += group.words[:_WORDS]
    heaviest = found.shortcuts[0] if found.shortcuts else group
    assert heaviest is not None
    return Measurement(
        value=heaviest.share,
        unit="share",
        detail=" ".join([*told, accuracies]),
        evidence=Support(sentences=tuple(examples), tokens=tuple(tokens)),
    )


def together(group: WordGroup) -> str:
    """Say what many words do on the check rows that none of them surely does alone."""
    return (
        f"{len(group.words):,} words mislead together: in a bag of words that imitates the model, such "
        f"words, chosen on nine tenths of the check rows, take {percent(group.share.estimate)} of an average "
        "decision from the true class of the last tenth."
    )


def described(candidate: Candidate, found: ShortcutEvidence, class_names: Sequence[str]) -> str:
    """Say what a candidate does in training, and on the check rows if there are any."""
    feature, name = candidate.feature, quoted(class_names[candidate.speaks_for])
    speaks = f"{feature.title} speaks for {name}"
    if feature.kind == "ordered_pair":
        first, second = feature.words
        speaks += f", “{second}” before “{first}” for {quoted(class_names[candidate.against])}"
    text = (
        f"{speaks}: in {percent(candidate.coverage)} of the training rows, right in "
        f"{percent(candidate.right_train)} of these, and {percent(max(candidate.share.estimate, 0.0))} of an "
        "average decision."
    )
    if not found.n_check:
        return text
    if not candidate.n_check:
        return f"{text} It is in none of the {found.n_check:,} check rows."
    right, chance = percent(candidate.right_check), percent(candidate.expected_check)
    share = percent(candidate.n_check / found.n_check)
    return (
        f"{text} It is in {share} of the check rows, and right in {right} of these {candidate.n_check:,}, "
        f"where chance would be right in {chance}."
    )


def example_of(shown: ShownText, class_names: Sequence[str]) -> Example:
    """Return a text as the pages show it, colored for the class that the candidate speaks for."""
    where = "a training row" if shown.split == "train" else "a check row"
    return Example(
        sentence_id=shown.row_id,
        words=shown.words,
        note=f"{where}, labeled {quoted(class_names[shown.label])}",
        values=shown.values,
        quantity=EFFECT,
        class_name=class_names[shown.speaks_for],
    )
