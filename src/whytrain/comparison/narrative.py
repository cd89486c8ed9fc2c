"""What a comparison says, in plain sentences."""

from __future__ import annotations

from whytrain.comparison.comparison import SideBySide
from whytrain.comparison.measures import Measures
from whytrain.comparison.ranking import RunRanking
from whytrain.metrics import ACCURACY, compared_for
from whytrain.presentation.wording import listed
from whytrain.statistics.intervals import Interval
from whytrain.statistics.phrases import interval_phrase

_MOST_NAMED = 5  # recipes in one sentence


def legend_lines(result: SideBySide) -> list[str]:
    """Say what each letter stands for: "A = first (model=bilstm)"."""
    return [f"{name} = {said}" for name, said in result.legend.items()]


def headline(result: SideBySide) -> str:
    """Say in one sentence which recipes are more accurate than the baseline."""
    first, compared = result.baseline.name, result.measures.against_baseline
    better: list[str] = []
    worse: list[str] = []
    for name, found in compared.items():
        accuracy = found.of(ACCURACY)
        if accuracy.holds:
            (better if accuracy.measured.difference.estimate > 0 else worse).append(name)
    if len(compared) == 1:
        (name,) = compared
        if not better and not worse:
            return f"{name} and {first} cannot be told apart in accuracy."
        return f"{name} is {'more' if better else 'less'} accurate than {first}."
    unclear = len(compared) - len(better) - len(worse)
    parts = [
        f"{len(names)} {word} accurate than {first} ({', '.join(names)})"
        for names, word in ((better, "more"), (worse, "less"))
        if names
    ]
    if unclear:
        parts.append(f"{unclear} cannot be told apart from it" if parts else f"none can be told from {first}")
    return f"Of the {len(compared)} others, {'; '.join(parts)}, in accuracy."


def ranking_sentence(ranking: RunRanking) -> str:
    """Say which recipe is the most accurate, and from which others it cannot be told."""
    others = list(ranking.accuracy)[1:]
    level_with = ranking.level_with_leader
    said = f"The most accurate is {ranking.leader} ({ranking.accuracy[ranking.leader]:.3f})"
    if not level_with:
        return f"{said}, more accurate than each of the {len(others)} others (p {_corrected(ranking)})."
    shown = level_with if len(level_with) <= _MOST_NAMED else f"{len(level_with)} of the {len(others)} others"
    named = shown if isinstance(shown, str) else ", ".join(shown)
    rest = "" if len(level_with) == len(others) else "; it is more accurate than the rest"
    return f"{said}, which cannot be told from {named}{rest} (p {_corrected(ranking)})."


def _corrected(ranking: RunRanking) -> str:
    return f"after Holm's correction over all {len(ranking.pairs)} pairs"


def scope_sentence(result: SideBySide) -> str:
    """Say what is compared with what, and which tests are corrected together."""
    n_others = len(result.recipes) - 1
    which = f"each of the {n_others} others" if n_others > 1 else result.recipes[1].name
    n_tests = sum(len(found.metrics) for found in result.measures.against_baseline.values())
    said = (
        f"Compared with {result.baseline.name}, the first of the runs: {which}, in {_listed(result)}; these "
        f"{n_tests} tests are corrected together."
    )
    if result.ranking is not None:
        said += (
            f" In accuracy also every pair, {len(result.ranking.pairs)} tests corrected together; for all of "
            "another pair name its runs alone."
        )
    return said


def _listed(result: SideBySide) -> str:
    *labels, last = (metric.label for metric in compared_for(result.sentences.labels))
    return f"{', '.join(labels)} and {last}"


def comparison_sentences(result: SideBySide, name: str) -> list[str]:
    """Say what is known about a recipe against the baseline: one sentence per metric, and McNemar's."""
    found = result.measures.against_baseline[name]
    said = [f"{compared.sentence}." for compared in found.metrics]
    if found.mcnemar is not None:
        test = found.mcnemar
        adjusted = result.measures.mcnemar_adjusted[name]
        corrected = f", {adjusted:.2g} after correction" if len(result.recipes) > 2 else ""
        said.append(
            f"Of {test.n_rows} sentences {result.baseline.name} alone has {test.only_a} right, {name} alone "
            f"{test.only_b} (exact McNemar test: p = {test.p_value:.2g}{corrected})."
        )
    if found.note:
        said.append(found.note)
    return said


def floor_sentences(result: SideBySide) -> list[str]:
    """Say whether each recipe beats the simple model that it must beat, and where the two are no match."""
    said, marks = [], _marks(result)
    for name, scores in result.measures.scores.items():
        floor, accuracy = result.measures.floors[name], scores["accuracy"]
        if floor is None:
            said.append(f"{name}: no floor was tracked.")
            continue
        assert isinstance(accuracy, Interval)
        interval = f"{accuracy.estimate:.3f}, 95% interval {accuracy.low:.3f} to {accuracy.high:.3f}"
        where = "cannot be told from"
        if not accuracy.contains(floor):
            where = "is above" if accuracy.estimate > floor else "is below"
        bag = "a bag of words and bigrams"
        if marks[name] is not None:
            bag += ", which may use the marked words"
        said.append(f"{name}: its accuracy ({interval}) {where} that of {bag}, {floor:.3f}.")
    return said


def outside_sentences(result: SideBySide) -> list[str]:
    """Say what became of the accuracy on rows from elsewhere, whether or not a difference can be seen.

    Where runs follow other marks than the baseline, first what these rows are for.
    """
    first, marks = result.baseline, _marks(result)
    kept = [name for name, said in marks.items() if said not in (None, marks[first.name])]
    said = []
    if kept:
        judge = "rows from elsewhere say" if result.outside else "only rows from elsewhere would say"
        said.append(
            f"{listed(kept)} trained not to decide by what guidance.marks names, which the validation rows "
            f"still hold; {judge} whether that helped (data.check_path, data.evaluation_paths)."
        )
    for change in result.outside:
        phrase = interval_phrase(ACCURACY, change.difference)
        if change.difference.contains(0):
            verdict = f"{change.recipe} cannot be told from {first.name}: {phrase}"
        elif change.adjusted_p_value > 1 - change.difference.level:
            verdict = f"no difference of {change.recipe} from {first.name} can be claimed: {phrase}"
        else:
            word = "more" if change.difference.estimate > 0 else "less"
            verdict = f"{change.recipe} is {word} accurate than {first.name}: {phrase}"
        said.append(
            f"On {change.group}, {change.n_rows} rows, accuracy is {change.before:.3f} of {first.name}, "
            f"{change.after:.3f} of {change.recipe}: {verdict}, p = {change.adjusted_p_value:.2g}."
        )
    return said


def _marks(result: SideBySide) -> dict[str, str | None]:
    """Return by recipe where what must not decide is marked."""
    return {recipe.name: recipe.shown.record.setting("guidance.marks") for recipe in result.recipes}


def calibration_sentences(measures: Measures) -> list[str]:
    """Say of each run whether its calibration error is more than noise."""
    rows = measures.calibration.to_dict("records")
    return [
        f"{row['run']}: calibration error {row['ece']:.3f}, {row['in_words']} (a calibrated model stays "
        f"below {row['noise_p95']:.3f} in 95% of such samples)."
        for row in rows
    ]


def slice_sentences(result: SideBySide) -> list[str]:
    """Name the groups on which a recipe is better or worse after correction for all groups."""
    said = []
    for change in result.slices:
        difference = change.difference
        if change.adjusted_p_value <= 1 - difference.level and not difference.contains(0):
            word = "better" if difference.estimate > 0 else "worse"
            said.append(
                f"{change.column} {change.group} ({change.n_rows} sentences): {change.recipe} is {word} than "
                f"{result.baseline.name}: {interval_phrase(ACCURACY, difference)}, "
                f"p = {change.adjusted_p_value:.2g} after correction for {len(result.slices)} groups."
            )
    return said
