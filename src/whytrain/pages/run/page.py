"""One page per run, in the order in which a reader asks: what came of it first, what to type next last."""

from __future__ import annotations

import base64
from collections.abc import Callable
from html import escape
from typing import Any

import pandas as pd

from whytrain.attribution.tables import sure_size
from whytrain.config.override_words import words_of
from whytrain.counted import counted
from whytrain.data.label_names import few_of
from whytrain.diagnosis.finding import Finding
from whytrain.metrics import ACCURACY, shown_for
from whytrain.pages.html import bullets, page, paragraph, table
from whytrain.pages.next_steps import commands
from whytrain.pages.run.captions import CAPTIONS, Caption, Section, caption_of
from whytrain.pages.run.certainty import certainty_sentences
from whytrain.pages.run.continued import continued_section, continued_sentences
from whytrain.pages.run.elsewhere import difference_sentence, worse_sentences
from whytrain.pages.run.reported import ReportedRun
from whytrain.pages.run.style import STYLE
from whytrain.pages.run.verdict import value_phrase
from whytrain.pages.shortcuts import shortcut_section
from whytrain.presentation.wording import listed, number, plural, signed, with_interval
from whytrain.statistics.intervals import Interval
from whytrain.surrogates.evidence import SurrogateEvidence
from whytrain.surrogates.features import TOGETHER

_COPIES = {"logistic": "weights of", "tree": "rules by", "soft_tree": "soft rules by"}
_SEEN = {"readable": "words", "dense": "the network's states"}
_CHECKED = ("accuracy", "f1", "nll", "ece")  # what is shown of rows from elsewhere
_MOST_WORDS = 10  # of a method
_MOST_RULES = 5


def run_page(run: ReportedRun) -> str:
    """Return the page: self-contained, without scripts; a part that the run holds nothing of is left out."""
    parts: dict[str, tuple[str, Callable[[ReportedRun], str]]] = {
        "sure": ("Can its confidence be trusted?", _sureness),
        "findings": ("What is wrong with it", _findings),
        "continued": ("What going on learning did", lambda run: continued_section(run.continued, run.name)),
        "check": ("On the check sample", _check),
        "shortcuts": ("What may hold in its training data only", _shortcuts),
        "words": ("What it leans on", _words),
        "copies": ("What simple copies of it say", _copies),
        "curves": ("How the training went", _curves),
        "answers": ("Which answers are wrong", lambda run: _figures(run, "answers")),
        "numbers": ("All numbers", _numbers),
        "model": ("The model", lambda run: _figures(run, "model")),
        "own": ("More figures", lambda run: _figures(run, None)),
        "next": ("What to type next", _next),
    }
    made = {anchor: (title, write(run)) for anchor, (title, write) in parts.items()}
    made = {anchor: section for anchor, section in made.items() if section[1]}
    links = "".join(
        f'<li><a href="#{anchor}">{escape(title)}</a></li>' for anchor, (title, _) in made.items()
    )
    body = f"<header><h1>{escape(run.run_name)}</h1>\n{_subject(run)}</header>\n<main>{_verdict(run)}"
    body += f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n'
    for anchor, (title, content) in made.items():
        body += f'<section id="{anchor}"><h2>{escape(title)}</h2>\n{content}</section>\n'
    return page(f"{run.run_name}: what came of it", f"{body}</main>", STYLE)


def _subject(run: ReportedRun) -> str:
    corpus = run.corpus
    sizes = [f"{len(corpus.train):,} sentences to learn from", f"{len(corpus.validation):,} to validate on"]
    if corpus.test is not None:
        sizes.append(f"{len(corpus.test):,} to test on")
    epochs = f"{counted(run.n_epochs, 'epoch')} trained; the weights of epoch {run.best_epoch} were kept"
    if run.n_epochs > 1:
        epochs += ", and what follows is about them where it does not name an epoch"
    return paragraph(
        f"{run.model}, {run.n_parameters:,} numbers to learn, on {corpus.name}: {', '.join(sizes)}; "
        f"{corpus.task.nouns} {few_of(corpus.class_names)}. {epochs}.",
        "quiet",
    )


def _verdict(run: ReportedRun) -> str:
    html = paragraph(run.verdict.sentence, "lead")
    if "test" in run.results:
        html += paragraph(
            f"On {run.results['test'].right.size:,} test sentences, which nothing was chosen by: "
            f"{value_phrase(run.results['test'])}."
        )
    if run.continued is not None:
        html += "".join(map(paragraph, continued_sentences(run.continued)))
    html += "".join(map(paragraph, worse_sentences(run.outside, run.best)))
    if run.verdict.reason:
        html += paragraph(run.verdict.reason, "quiet")
    about = "In brackets the 95% interval. The best epoch was chosen on the validation sentences: its value "
    about += "there is slightly too good."
    if run.floor is not None:
        about += (
            " The bag of words counts words and pairs of neighbors, in seconds: what a network must beat."
        )
    return html + paragraph(about, "quiet")


def _check(run: ReportedRun) -> str:
    if not run.outside:
        return ""
    names = {name: name.rpartition("/")[2] for name in run.outside}
    columns = [next(iter(run.results)), *names.values()]
    rows: list[dict[str, str]] = []
    for metric in shown_for(run.best.labels):
        if metric.name in _CHECKED:
            values = {column: _value(run.intervals[column][metric.name]) for column in columns}
            rows.append({"metric": metric.title} | values)
    html = "".join(paragraph(difference_sentence(run.outside[name], run.best, name)) for name in run.outside)
    html += table(pd.DataFrame(rows))
    return html + paragraph(
        "Rows from elsewhere: nothing of them was trained on, and no epoch was chosen by them.", "quiet"
    )


def _shortcuts(run: ReportedRun) -> str:
    if run.shortcuts is None:
        return ""
    return shortcut_section(run.shortcuts, run.corpus.class_names, run.name)


def _sureness(run: ReportedRun) -> str:
    said = certainty_sentences(run.best, run.corrected)
    return "".join(map(paragraph, said)) + _figures(run, "confidence")


def _findings(run: ReportedRun) -> str:
    if run.concluded is None:
        return ""
    diagnosis, plan = run.concluded.diagnosis, run.concluded.plan
    looked, blind = len(diagnosis.measurements), len(diagnosis.not_examined)
    html = paragraph(
        f"{counted(len(diagnosis.findings), 'finding')} in {counted(looked, 'thing')} looked at"
        f"{f'; {blind} could not be examined' if blind else ''}. "
        "diagnosis.html beside this page has the details."
    )
    html += "".join(_finding(finding, run) for finding in diagnosis.findings)
    if plan.strategies:
        words = [word for strategy in plan.strategies for word in words_of(strategy.overrides)]
        html += paragraph("All that is recommended, as the next training's settings:")
        html += f"<pre><code>{escape(chr(10).join(words))}</code></pre>\n"
    return html


def _finding(finding: Finding, run: ReportedRun) -> str:
    assert run.concluded is not None
    answers = run.concluded.plan.answers(finding.name)
    return (
        f'<article class="finding {finding.severity}"><h3>{escape(finding.title)} '
        f'<small class="quiet">({finding.severity})</small></h3>{paragraph(finding.message)}'
        f"{_named(finding)}{'<p><b>What to do:</b></p>' if answers else ''}{bullets(answers)}</article>\n"
    )


def _named(finding: Finding) -> str:
    """Name the words, or pairs of words, in which a finding shows most."""
    named = listed([f"“{token}”" for token in finding.evidence.tokens])
    return paragraph(f"It shows most in {named}.") if named else ""


def _words(run: ReportedRun) -> str:
    html = ""
    for method, found in (run.explanations.methods if run.explanations else {}).items():
        words = found.vocabulary
        if words is None or words.empty:
            continue
        sizes = sure_size(words, "score")
        top = words.assign(size=sizes).sort_values("size", ascending=False, kind="stable")[:_MOST_WORDS]
        shown = pd.DataFrame(
            {
                "word": [run.name(str(word)) for word in top["word"]],
                "speaks": [_side(*row) for row in zip(top["score"], top["class"], strict=True)],
                f"{found.quantity.symbol} ({found.quantity.unit})": [signed(v) for v in top["score"]],
                "seen": top["count"].to_numpy(),
            }
        )
        html += f"<h3>{escape(plural(found.quantity))} of words in training sentences ({escape(method)})</h3>"
        html += table(shown)
        html += paragraph("Means over sentences; first those that chance explains least.", "quiet")
    html += _figures(run, "words")
    others = [path.rpartition("/")[2] for path in run.reports if "diagnosis" not in path]
    if others:
        html += paragraph(f"Single sentences, word by word: {', '.join(others)} beside this page.")
    return html


def _side(score: float, class_name: str) -> str:
    return f"{'for' if score >= 0 else 'against'} {class_name}"


def _copies(run: ReportedRun) -> str:
    if run.surrogate is None:
        return ""
    rows = [
        {
            "copy": f"{_COPIES[s.kind]} {_SEEN[s.features]}",
            "agrees with the network": with_interval(s.agreement),
            "always the same answer": f"{s.majority:.3f}",
            "right": with_interval(s.accuracy),
        }
        for s in run.surrogate.surrogates
    ]
    html = paragraph(
        "Small models that a person can read, taught to answer as the network does. They speak for it as far "
        "as they agree with it on validation sentences."
    )
    html += table(pd.DataFrame(rows)) + _soft_rules(run.surrogate)
    rules: list[dict[str, Any]] = [
        {
            "rule": rule.text,
            "sentences": rule.n_validation,
            "network agrees": rule.teacher_validation,
            "right": rule.right_validation,
        }
        for rule in sorted(run.surrogate.rules, key=lambda rule: -rule.n_validation)[:_MOST_RULES]
    ]
    if rules:
        html += "<h3>Rules that cover most sentences</h3>" + table(pd.DataFrame(rules))
        if any(TOGETHER in rule["rule"] for rule in rules):
            said = f"“{TOGETHER}” adds up what each word of a sentence usually does to the answer (its mean "
            html += paragraph(f"{said}Shapley value, log-odds): above 0 they speak for the class.", "quiet")
    return html + _figures(run, "copies")


def _soft_rules(surrogate: SurrogateEvidence) -> str:
    """Say what soft rules are, and whether they come closer to the network than the rules."""
    closer = next((s.kl_below_tree for s in surrogate.surrogates if s.kl_below_tree is not None), None)
    if closer is None:
        return ""
    found = "It is not sure whether they come closer to the network's probabilities than the rules"
    if closer.low > 0:
        found = "They come closer to the network's probabilities than the rules"
    elif closer.high < 0:
        found = "The rules come closer to the network's probabilities"
    return paragraph(
        "Soft rules let every word pull a little at each of their few questions. "
        f"{found} (KL divergence of the rules minus theirs: {with_interval(closer)} nats).",
        "quiet",
    )


def _curves(run: ReportedRun) -> str:
    return _figures(run, "curves")


def _numbers(run: ReportedRun) -> str:
    shown = shown_for(run.best.labels)
    columns = {"metric": [f"{metric.title} {'↑' if metric.higher_is_better else '↓'}" for metric in shown]}
    columns |= {name: [_value(of[metric.name]) for metric in shown] for name, of in run.intervals.items()}
    if run.floor_accuracy is not None:
        floor = number(run.floor_accuracy)
        columns["bag of words"] = [floor if metric.name == ACCURACY.name else "" for metric in shown]
    return table(pd.DataFrame(columns)) + paragraph(
        "↑ more is better, ↓ less is better; in brackets the 95% interval where there is an honest one.",
        "quiet",
    )


def _value(value: Interval | float) -> str:
    return number(value) if isinstance(value, float) else with_interval(value)


def _next(run: ReportedRun) -> str:
    steps = commands(run).items()
    return "".join(f"<p>{escape(what)}</p><pre><code>{escape(told)}</code></pre>\n" for what, told in steps)


def _figures(run: ReportedRun, section: Section | None) -> str:
    """Return the figures of a section in the captions' order, all but the first folded away."""
    order = list(CAPTIONS.values())
    shown = []
    for figure in run.drawings:
        caption = caption_of(figure)
        if (caption.section if caption else None) == section and not _is_left_out(figure):
            shown.append((order.index(caption) if caption else 0, figure))
    drawn = [_figure(figure, caption_of(figure), run.drawings[figure]) for _, figure in sorted(shown)]
    if len(drawn) < 2:
        return "".join(drawn)
    more = f"<summary>{counted(len(drawn) - 1, 'more figure')}</summary>"
    return f'{drawn[0]}<details class="more">{more}{"".join(drawn[1:])}</details>\n'


def _is_left_out(figure: str) -> bool:
    """Whether a figure is of a further sentence, or of the last epoch and not of the best one."""
    name = figure.rpartition("/")[2]
    is_further = name.startswith("sentence_") and not name.startswith("sentence_1_")
    return is_further or caption_of(figure) is CAPTIONS["each_epoch"]


def _figure(figure: str, caption: Caption | None, drawn: bytes) -> str:
    width, height = (int.from_bytes(drawn[start : start + 4], "big") for start in (16, 20))  # PNG's header
    data = base64.b64encode(drawn).decode("ascii")
    title = caption.title if caption else figure.replace("/", ": ").replace("_", " ")
    topic = figure.partition("/")[0]
    whose = "" if caption is None or figure in CAPTIONS else f" ({topic.replace('_', ' ')})"
    told = f"<b>{escape(title + whose)}.</b> " + (escape(caption.question) if caption else "")
    image = (
        f'<img alt="{escape(title + whose)}" width="{width}" height="{height}" loading="lazy" '
        f'src="data:image/png;base64,{data}">'
    )
    told += _folded(caption)
    return f"<figure><figcaption>{told}</figcaption>{image}</figure>\n"


def _folded(caption: Caption | None) -> str:
    if caption is None:
        return ""
    worry = f"<br><b>When to worry:</b> {escape(caption.worry)}" if caption.worry else ""
    return f"<details><summary>How to read</summary>{escape(caption.reading)}{worry}</details>"
