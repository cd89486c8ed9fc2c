"""The page of an explained text, that of a run's sentences, and what a notebook shows."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from whytrain.attribution.explainer import Explanation
from whytrain.attribution.tables import Name
from whytrain.attribution.target import decision_name
from whytrain.attribution.text import ExplainedText
from whytrain.pages.explanation.bars import chances_table
from whytrain.pages.explanation.glossary import glossary
from whytrain.pages.explanation.reasons import colored, same, sections, summary
from whytrain.pages.explanation.style import STYLE
from whytrain.pages.explanation.verdict import deciding_words, told_apart, verdict_sentences
from whytrain.pages.html import page, paragraph, safe, visible
from whytrain.presentation.wording import percent

_TITLE = 60  # characters of a text in the title


def explanation_page(explained: ExplainedText) -> str:
    """Return a self-contained page that says what was decided, how surely, and why; all text is escaped."""
    answer, *further = verdict_sentences(explained)
    by_target = group(explained.explanations)
    single = len(by_target) == 1
    parts = [
        f"<h1>{safe(answer)}</h1>",
        *(paragraph(sentence, "lead") for sentence in further),
    ]
    notes = [f'<p class="note">{safe(note)}</p>' for note in explained.notes]
    whys = []
    for explanations in by_target:
        target = explanations[0].attribution.target.name
        whole = _told(explanations)
        if single and explained.decided == (target,):
            parts.append(whole)
            whys.append(sections(explanations))
        else:
            inner = sections(explanations, heading="h3")
            whys.append(f"<section><h2>Why {safe(target)}</h2>{whole}{inner}</section>")
    parts += [*notes, f"<section><h2>How likely each is</h2>{chances_table(explained)}</section>"]
    parts += [*whys, _alternative(explained), _made(explained)]
    return _whole(f"{explained.label or 'no label'}: {explained.text}", parts)


def sentences_page(
    title: str, explanations: Sequence[Explanation], class_names: Sequence[str], name: Name = same
) -> str:
    """Return a page with several sentences, each explained by one method.

    Args:
        title: what they are.
        explanations: sentence by sentence, the variants of a sentence one after another.
        class_names: of the model.
        name: what stands for a word, itself or a hash.
    """
    parts = [f"<h1>{safe(title)}</h1>"]
    for number, of_sentence in enumerate(group(explanations), start=1):
        first = of_sentence[0]
        target, d = first.attribution.target, first.deletion
        decided = decision_name(target, d.prediction, class_names)
        chance = target.chances(d.path[-1:])
        said = f"{number}. Predicted {decided}"
        said += "" if chance is None else f"; {target.name} gets {percent(float(chance[0]))}"
        inner = sections(of_sentence, name, "h3")
        parts.append(
            f"<section><h2>{safe(said)}</h2>{_told(of_sentence, name)}"
            f"<details><summary>In detail</summary>{inner}</details></section>"
        )
    return _whole(title, parts)


def notebook_html(explained: ExplainedText) -> str:
    """Return the verdict and the sentence, colored once per method and variant; all text is escaped."""
    told = [*verdict_sentences(explained), *explained.notes]
    parts = [f"<p><b>{safe(told[0])}</b></p>", *(paragraph(line) for line in told[1:])]
    for of_target in group(explained.explanations):
        parts.append(summary(of_target))
        for e in of_target:
            parts.append(f"<p><b>{safe(e.attribution.title)}</b></p>{colored(e.attribution)}")
    return f"<div>{''.join(parts)}</div>"


def group(explanations: Sequence[Explanation]) -> list[list[Explanation]]:
    """Return explanations of one text and target together: the neighbors that differ in method or variant."""
    groups: list[list[Explanation]] = []
    for e in explanations:
        last = groups[-1] if groups else []
        about, kind = (e.attribution.words, e.attribution.target.name), e.attribution.title
        known = [(other.attribution.words, other.attribution.target.name) for other in last]
        if about in known and kind not in [other.attribution.title for other in last]:
            last.append(e)
        else:
            groups.append([e])
    return groups


def _told(explanations: Sequence[Explanation], name: Name = same) -> str:
    """Return which words decide, and the sentence in the colors of the first method and variant."""
    sentence = colored(explanations[0].attribution, name)
    return f'{summary(explanations, name)}<div class="text">{sentence}</div>'


def _alternative(explained: ExplainedText) -> str:
    """Say why not the second class: of two classes in a sentence, of more by asking for the difference."""
    if not explained.exclusive:
        return ""
    others = {name: p for name, p in explained.probabilities.items() if name != explained.label}
    second = max(others, key=others.__getitem__)
    title = f"<h2>Why not {safe(second)}</h2>"
    if len(others) == 1:
        said = (
            f"There are two classes: what speaks against {explained.label} speaks for {second}, as strongly."
        )
        return f"<section>{title}{paragraph(said)}</section>"
    found = explained.alternative
    if found is None:
        return ""
    a = found.attribution
    chance = a.target.chances(found.deletion.path[-1:])
    said = f"{second} comes second, with {percent(others[second])}."
    if chance is not None:
        said += f" Of the two alone, {explained.label} would have {percent(float(chance[0]))}."
    said += f" {deciding_words(a, told_apart(a.words))}"
    sentence = f'<div class="text">{colored(a)}</div>'
    return f"<section>{title}{paragraph(said)}{sentence}</section>"


def _made(explained: ExplainedText) -> str:
    titles = dict.fromkeys(
        f"{e.attribution.title.replace('_', ' ')}, {e.attribution.n_evaluations:,} evaluations of the model"
        for e in explained.explanations
    )
    items = "".join(f"<li>{escape(title)}</li>" for title in titles)
    return (
        f"<section><h2>How this was made</h2><ul>{items}</ul>"
        '<p class="quiet">An explanation says what the model reacts to, not whether the model is right.</p>'
        "</section>"
    )


def _whole(title: str, parts: Sequence[str]) -> str:
    body = "".join(parts)
    short = title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"
    return page(visible(short), f"<main>{body}{glossary([body])}</main>", STYLE)
