"""What scores of explanations say, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from whytrain.counted import counted
from whytrain.explanation_scores.score import LEAST_DIAGNOSTICITY, Score
from whytrain.explanation_scores.scored_methods import FLOOR, ScoredMethods
from whytrain.explanation_scores.standings import NEAR
from whytrain.presentation.wording import listed


def verdict(found: ScoredMethods) -> str:
    """Return in one sentence which method to believe, and which not.

    By the scores that all methods have and that tell true explanations from false ones, if any of them does.
    """
    defined = [s for s in found.scores if _is_defined(found, s)]
    scores = [s.name for s in defined if s.tells] or [s.name for s in defined]
    where = f"On these {counted(found.n_texts, 'text')}"
    if not scores:
        return f"{where} no score is defined for every method: give more texts, or longer ones."
    leading = {name: _places(found, name, scores, "ahead", "level") for name in found.methods}
    most = max(map(len, leading.values()))
    leaders = [name for name in found.methods if len(leading[name]) == most]
    if FLOOR in leaders:
        return f"{where} no explanation can be told from random scores{_by(most, scores)}."
    return f"{where} {_leaders(found, leaders, most, scores)}{_floor(found, scores)}."


def _is_defined(found: ScoredMethods, score: Score) -> bool:
    return all(standing.place != "undefined" for standing in found.standings[score.name].values())


def _leaders(found: ScoredMethods, leaders: Sequence[str], most: int, scores: Sequence[str]) -> str:
    by = _by(most, scores)
    ahead = _places(found, leaders[0], scores, "ahead")
    if len(leaders) > 1:
        said = f"{listed(leaders)} cannot be told apart from the best{by}"
    elif len(ahead) == len(scores):
        said = f"{leaders[0]} is ahead of all other methods{by}"
    else:
        sure = f", ahead of all others in {len(ahead)} of them" if ahead else ""
        said = f"{leaders[0]} is the best or level with the best{by}{sure}"
    close = [name for name in found.methods if name not in leaders and _comes_close(found, name, scores)]
    if not close:
        return said
    comes = "comes" if len(close) == 1 else "come"
    return f"{said}, and {listed(close)} {comes} close to it (within {NEAR:.0%}) in all"


def _comes_close(found: ScoredMethods, method: str, scores: Sequence[str]) -> bool:
    standings = [found.standings[score][method] for score in scores]
    return all(s.place in ("ahead", "level") or s.is_near for s in standings)


def _floor(found: ScoredMethods, scores: Sequence[str]) -> str:
    """Say which methods are not better than random scores, and where that is so only in some scores."""
    never: list[str] = []
    seldom: dict[tuple[int, int], list[str]] = {}
    for name in found.methods:
        if name == FLOOR:
            continue
        said = [found.standings[s][name].above_random for s in scores]
        above, asked = said.count(True), len(said) - said.count(None)
        if asked and not above:
            never.append(name)
        elif asked and above < asked:
            seldom.setdefault((above, asked), []).append(name)
    told = [f"{_are(never)} not better than random scores"] if never else []
    told += [
        f"{_are(names)} better than random scores only in {above} of {asked}"
        for (above, asked), names in sorted(seldom.items())
    ]
    return "".join(f"; {text}" for text in told)


def _are(names: Sequence[str]) -> str:
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}"


def _places(found: ScoredMethods, method: str, scores: Sequence[str], *places: str) -> list[str]:
    return [score for score in scores if found.standings[score][method].place in places]


def _by(n: int, scores: Sequence[str]) -> str:
    n_scores = len(scores)
    if n_scores == 1:
        return f" in {scores[0]}"
    return f" in all {n_scores} scores" if n == n_scores else f" in {n} of {n_scores} scores"


def conditions(found: ScoredMethods) -> str:
    """Return what was scored, and how, in a line."""
    least, most = found.n_words
    exact = (
        "all combinations of words asked"
        if found.n_exact == found.n_texts
        else f"all combinations of words asked of {found.n_exact} of them"
    )
    return (
        f"{counted(found.n_texts, 'text')} of {least} to {most} words, {exact}; "
        f"absent words: {found.removal}; each method explains the predicted class"
    )


def marks_key(level: float) -> str:
    """Return what the marks in tables mean."""
    return (
        f"{100 * level:g}% intervals over texts; ★ ahead of every other method, = cannot be told apart from "
        "the best, both by paired intervals that hold for all comparisons of a score together; ≈ behind the "
        f"best by less than {NEAR:.0%} of the way from random scores"
    )


def trust(found: ScoredMethods) -> list[str]:
    """Say of the scores that they do not tell true explanations from false ones, if there are any."""
    low = [score for score in found.scores if not score.tells]
    return [
        f"{score.name} is no measure of truth: of two explanations of which one is true it prefers that in "
        f"{score.diagnosticity:.0%} (from {LEAST_DIAGNOSTICITY:.0%} on a score is shown by default)"
        for score in low
        if score.diagnosticity is not None
    ]
