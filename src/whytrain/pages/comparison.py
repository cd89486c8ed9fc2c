"""The report of a comparison: one self-contained HTML page, plain sentences first."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.comparison.comparison import Pair, SideBySide
from whytrain.comparison.findings import FindingChange
from whytrain.comparison.narrative import (
    calibration_sentences,
    comparison_sentences,
    floor_sentences,
    headline,
    legend_lines,
    outside_sentences,
    ranking_sentence,
    scope_sentence,
    slice_sentences,
)
from whytrain.comparison.sentences import SentencePair
from whytrain.data.label_names import few_of
from whytrain.metrics import ACCURACY, Metric, compared_for, shown_for
from whytrain.pages.beside import links_to
from whytrain.pages.comparison_figures import MOST_DRAWN, figure_prefix, method_prefix
from whytrain.pages.explanation.reasons import colored
from whytrain.pages.html import THEME, bullets, contents, image, legend, page, paragraph, table
from whytrain.presentation.wording import number as written
from whytrain.presentation.wording import with_interval
from whytrain.statistics.intervals import Interval
from whytrain.statistics.phrases import interval_phrase, signed_difference

_MOST_TOLD = 4  # other runs up to which each has its sentences; more of them have a table
_MOST_ROWS = 10  # sentences of each kind of disagreement
_MOST_COLUMNS = 6  # runs side by side; more of them go downwards

Images = Mapping[str, Path]


def comparison_page(result: SideBySide, images: Images, facts: Mapping[str, str]) -> str:
    """Return the page.

    Args:
        result: of the comparison.
        images: PNG files of the figures, by the names of `comparison_figures`.
        facts: what the page says of itself, such as the id of the comparison's run.
    """
    sections = {
        "short": ("In short", _short(result)),
        "differences": ("What differs", _differences(result)),
        "metrics": ("Metrics", _metrics(result, images)),
        "training": ("Training", _image(images, "training", "loss, accuracy and F1 by epoch")),
        "confidence": ("Confidence", _confidence(result, images)),
        "groups": ("Groups of sentences", _groups(result)),
        "disagreement": (
            "Where they disagree",
            "".join(_disagreement(result, pair) for pair in result.pairs),
        ),
        "sentences": ("Sentences before and after", _sentences(result, images)),
        "findings": ("Findings of the diagnosis", _findings(result)),
        "missing": ("What is missing", bullets(result.missing) or paragraph("Nothing: all was there.")),
        "reading": ("How to read this", bullets(_reading(result.sentences.labels))),
    }
    title = f"{result.baseline.name} against {_others(result)}"
    body = (
        f"<h1>{escape(title)}</h1>\n"
        + legend(legend_lines(result))
        + paragraph(_subject(result, facts), "quiet")
    )
    body += contents([(anchor, name) for anchor, (name, _) in sections.items()])
    for anchor, (name, content) in sections.items():
        body += f'<section id="{anchor}"><h2>{escape(name)}</h2>\n{content}</section>\n'
    return page(title, body, THEME)


def _others(result: SideBySide) -> str:
    names = [recipe.name for recipe in result.recipes[1:]]
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} other runs"


def _subject(result: SideBySide, facts: Mapping[str, str]) -> str:
    sentences = result.sentences
    kind = "classes" if sentences.labels.ndim == 1 else "labels"
    said = [
        f"{len(sentences.ids)} validation sentences, {kind} {few_of(sentences.class_names)}, "
        f"fingerprint {sentences.fingerprint[:12]}",
        f"baseline: {result.baseline.name}",
        *(f"{key}: {value}" for key, value in facts.items()),
    ]
    return "; ".join(said)


def _short(result: SideBySide) -> str:
    html = paragraph(headline(result), "lead")
    if result.ranking is not None:
        html += paragraph(ranking_sentence(result.ranking))
    html += paragraph(scope_sentence(result), "quiet")
    names = list(result.measures.against_baseline)
    for name in names if len(names) <= _MOST_TOLD else []:
        html += f"<h3>{escape(name)}, compared with {escape(result.baseline.name)}:</h3>\n"
        html += bullets(comparison_sentences(result, name))
    if len(names) > _MOST_TOLD:
        told = [(name, found.of(ACCURACY)) for name, found in result.measures.against_baseline.items()]
        rows = [{"run": name, "accuracy": compared.sentence} for name, compared in told]
        html += table(pd.DataFrame(rows))
    if said := outside_sentences(result):
        html += "<h3>On rows from elsewhere</h3>\n" + bullets(said)
    return html + "<h3>Against the floor</h3>\n" + bullets(floor_sentences(result))


def _differences(result: SideBySide) -> str:
    config = (
        paragraph("The configs do not differ.")
        if result.config.empty
        else table(_turned(result.config, "run"))
    )
    html = f"<h3>Config</h3>\n{config}<h3>Origin</h3>\n{table(_turned(result.origin, 'run'))}"
    kept = [
        f"<li>{escape(run.name)}: {links}</li>"
        for recipe in result.recipes
        for run in recipe.runs
        if (links := links_to(run.record))
    ]
    return html + (f"<h3>Pages of the runs</h3>\n<ul>{''.join(kept)}</ul>\n" if kept else "")


def _turned(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a table whose columns are runs, with the runs downwards if they are many."""
    if len(frame.columns) - 1 <= _MOST_COLUMNS:
        return frame
    return frame.set_index(frame.columns[0]).T.rename_axis(name).reset_index()


def _metrics(result: SideBySide, images: Images) -> str:
    shown = shown_for(result.sentences.labels)
    columns = {
        name: [_value(values[metric.name]) for metric in shown]
        for name, values in result.measures.scores.items()
    }
    scores = pd.DataFrame({"metric": [_directed(metric) for metric in shown], **columns})
    html = table(_turned(scores, "run"))
    html += paragraph(_about_scores(result), "quiet")
    html += _image(images, "metric_bars", "shares such as accuracy and F1 with intervals")
    html += _image(images, "metric_radar", "shares such as accuracy and F1 as shapes")
    html += f"<h3>Differences from {escape(result.baseline.name)}</h3>\n"
    html += _image(images, "differences", "differences from the baseline with intervals")
    rows: list[dict[str, object]] = []
    for name, found in result.measures.against_baseline.items():
        for compared in found.metrics:
            measured = compared.measured
            rows.append(
                {
                    "run": name,
                    "metric": measured.metric.title,
                    "difference": interval_phrase(measured.metric, measured.difference),
                    "p": measured.p_value,
                    "p after correction": compared.adjusted_p_value,
                    "effect size d": compared.effect_size,
                    "sentences needed": compared.sentences_needed,
                    "seeds needed": compared.seeds_needed,
                }
            )
    return html + table(pd.DataFrame(rows, dtype=object)) + _tests(result) + _every_pair(result)


def _directed(metric: Metric) -> str:
    return f"{metric.title} {'↑' if metric.higher_is_better else '↓'}"


def _about_scores(result: SideBySide) -> str:
    names, gold = result.sentences.class_names, result.sentences.labels
    about = (
        "↑ more is better, ↓ less is better. In brackets: 95% intervals, over sentences, and over "
        "seeds where a recipe has several."
    )
    if gold.ndim == 2:
        return f"{about} A dash: not defined on these sentences."
    labels = [metric.label for metric in shown_for(gold) if metric.of_positive]
    which = f"of {names[result.sentences.positive]}" if len(names) == 2 else "means over classes"
    return f"{about} {', '.join(labels)}: {which}. A dash: not defined on these sentences."


def _tests(result: SideBySide) -> str:
    rows = []
    for name, found in result.measures.against_baseline.items():
        if found.mcnemar is not None and found.odds_ratio is not None:
            odds = found.odds_ratio
            rows.append(
                {
                    "run": name,
                    "only baseline right": found.mcnemar.only_a,
                    "only run right": found.mcnemar.only_b,
                    "p (exact McNemar)": found.mcnemar.p_value,
                    "p after correction": result.measures.mcnemar_adjusted[name],
                    "odds ratio": f"{odds.estimate:.2f} [{odds.low:.2f}, {odds.high:.2f}]",
                    "Cohen's h": found.cohens_h,
                }
            )
    return table(pd.DataFrame(rows)) if rows else ""


def _every_pair(result: SideBySide) -> str:
    ranking = result.ranking
    if ranking is None:
        return ""
    names = list(ranking.accuracy)
    # Each run stands beside those that are more accurate; of many beside the leader alone.
    n_columns = len(names) - 1 if len(names) <= MOST_DRAWN else 1
    said = {
        (
            pair.better,
            pair.worse,
        ): f"{signed_difference(ACCURACY, -pair.difference)}, p = {pair.adjusted_p_value:.2g}"
        for pair in ranking.pairs
    }
    rows = []
    for place, name in enumerate(names, start=1):
        cells = {f"from {i}": said.get((names[i - 1], name), "") for i in range(1, n_columns + 1)}
        rows.append({"": place, "run": name, "accuracy": written(ranking.accuracy[name]), **cells})
    return (
        "<h3>Every pair, in accuracy</h3>\n"
        + paragraph(ranking_sentence(ranking))
        + table(pd.DataFrame(rows))
        + paragraph(
            "From 1, from 2, …: the difference in points from the run in that place, and its p after Holm's "
            f"correction over all {len(ranking.pairs)} pairs (exact McNemar test; of several seeds the "
            "bootstrap over sentences and seeds).",
            "quiet",
        )
    )


def _value(value: Interval | float) -> str:
    return with_interval(value) if isinstance(value, Interval) else written(value)


def _confidence(result: SideBySide, images: Images) -> str:
    html = bullets(calibration_sentences(result.measures))
    for name, description in (
        ("reliability", "accuracy against confidence"),
        ("confidence", "distribution of the confidence"),
        ("confidence_by_outcome", "confidence of right and wrong answers"),
        ("risk_coverage", "error rate against the share of sentences answered"),
        ("conformal_sets", "sizes and coverage of conformal sets"),
    ):
        html += _image(images, name, description)
    return html


def _groups(result: SideBySide) -> str:
    said = slice_sentences(result) or ["No group of sentences got better or worse by more than noise."]
    rows = [
        {
            "run": change.recipe,
            "group": f"{change.column}: {change.group}",
            "sentences": change.n_rows,
            "accuracy before": change.before,
            "after": change.after,
            "difference": interval_phrase(ACCURACY, change.difference),
            "p after correction": change.adjusted_p_value,
        }
        for change in result.slices[:30]
    ]
    return bullets(said) + (table(pd.DataFrame(rows)) if rows else "")


def _disagreement(result: SideBySide, pair: Pair) -> str:
    rows = pair.judgements
    lost = rows[rows["right_before"] & ~rows["right_after"]]
    won = rows[~rows["right_before"] & rows["right_after"]]
    html = f"<h3>{escape(pair.recipe.name)}</h3>\n"
    html += paragraph(
        f"{len(won)} sentences that {result.baseline.name} has wrong are right, {len(lost)} that it has "
        "right are wrong."
    )
    if len(result.pairs) > _MOST_TOLD:
        return html
    for part, name in ((won, "Now right"), (lost, "Now wrong")):
        if len(part):
            shown = f"the {_MOST_ROWS} most changed of {len(part)}" if len(part) > _MOST_ROWS else "all"
            html += paragraph(f"{name} ({shown}):") + table(_sentence_rows(part.head(_MOST_ROWS)))
    return html


def _sentence_rows(part: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sentence": part["text"].where(part["text"].notna(), part["id"]),
            "class": part["label"],
            "its probability before": part["probability_before"],
            "after": part["probability_after"],
        }
    )


def _sentences(result: SideBySide, images: Images) -> str:
    html = ""
    for number, pair in enumerate(result.pairs, start=1):
        for sentence in pair.explained:
            html += _explained(result, pair, sentence)
            prefix = figure_prefix(number, sentence.row)
            for method in sentence.by_method:
                html += _method(result, pair, sentence, method)
                for name in ("values", "interactions"):
                    described = f"{name} of the words before and after, {method}"
                    html += _image(images, f"{method_prefix(prefix, sentence, method)}_{name}", described)
            html += _image(images, f"{prefix}_attention", "attention of the words before and after")
    return html or paragraph("No sentence is explained; see what is missing.")


def _explained(result: SideBySide, pair: Pair, sentence: SentencePair) -> str:
    judged = pair.judgements.set_index("row").loc[sentence.row]
    html = f"<h3>{escape(pair.recipe.name)}, sentence {escape(str(judged['id']))}</h3>\n"
    html += paragraph(
        f"Class {sentence.class_name}: {result.baseline.name} gives it {judged['probability_before']:.3f}, "
        f"{pair.recipe.name} {judged['probability_after']:.3f}."
    )
    return html


def _method(result: SideBySide, pair: Pair, sentence: SentencePair, method: str) -> str:
    html = f"<h4>{escape(method)}</h4>\n"
    for before, after in sentence.by_method[method]:
        for name, explanation in ((result.baseline.name, before), (pair.recipe.name, after)):
            html += paragraph(f"{name}, {explanation.attribution.title}", "quiet")
            html += colored(explanation.attribution)
    return html


def _findings(result: SideBySide) -> str:
    html = ""
    for pair in result.pairs:
        if pair.findings is not None:
            rows = [_finding_row(change) for change in pair.findings]
            html += f"<h3>{escape(pair.recipe.name)}</h3>\n"
            html += table(pd.DataFrame(rows)) if rows else paragraph("Neither run has any finding.")
    return html or paragraph("No two runs hold a diagnosis; see what is missing.")


def _finding_row(change: FindingChange) -> dict[str, object]:
    return {
        "finding": change.finding.get("title", change.name),
        "": change.status,
        "before": change.before,
        "after": change.after,
        "severity": change.finding.get("severity"),
        "what it says": change.finding.get("message"),
    }


def _image(images: Images, name: str, description: str) -> str:
    return image(images[name], description) if name in images else ""


_READING = (
    "An interval says how far a number could be off by chance alone: with 95% confidence the true value lies "
    "inside. Where the interval of a difference contains 0, the runs cannot be told apart.",
    "p is the probability to see a difference at least this large between runs that do not really differ. "
    "Who looks at many differences finds small ones by luck: the corrected p (Holm's method) takes that "
    "back.",
    "Differences of shares ({shares}) are in points (hundredths). Less is better of {less}.",
    "Intervals of differences come from a paired bootstrap: all runs are judged on the same resampled "
    "sentences. With several seeds, chance in training counts too; with one seed, claims hold for these "
    "trained models only.",
    "The floor is a bag of words and bigrams under logistic regression: a network that does not beat it has "
    "learned nothing that needs a network.",
    "A calibration error is never 0, even for perfect probabilities; it is compared with what a calibrated "
    "model would show on as many sentences.",
    "A method of explanation gives each word of a sentence a score: red words speak for the class, blue ones "
    "against it. Scores of different methods are not in one unit: compare runs within a method. Two words "
    "interact where together they count more (synergy) or less than alone.",
    f"Figures show at most {MOST_DRAWN} runs, the baseline and the most accurate others; of a recipe with "
    "several seeds figures of single sentences and of confidence show the first seed.",
)


def _reading(labels: NDArray[np.int64]) -> list[str]:
    """Say how to read a report on runs with such labels."""

    def named(**wanted: object) -> str:
        compared = compared_for(labels)
        return ", ".join(m.label for m in compared if all(getattr(m, key) == v for key, v in wanted.items()))

    less = named(higher_is_better=False) + (", which measure probabilities" if labels.ndim == 1 else "")
    return [line.format(shares=named(unit="share"), less=less) for line in _READING]
