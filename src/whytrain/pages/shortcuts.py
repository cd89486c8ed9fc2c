"""What a model may only have learned from its training data: candidates, what speaks against them, texts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd

from whytrain.attribution.tables import Name
from whytrain.counted import counted
from whytrain.diagnosis.of_shortcuts import EFFECT, described
from whytrain.pages.colored_sentence import colored_sentence
from whytrain.pages.html import paragraph, table
from whytrain.presentation.wording import listed, percent, quoted
from whytrain.shortcuts.evidence import Candidate, ShortcutEvidence, ShownText

_MOST = 10  # candidates in the table
_HEAVY = 0.2  # of the average decision: more than twice what any word carries where many decide
_NAMED = 3  # that carry so much
_UNCHECKED = (
    "What decides most in the training texts; what is rarely a reason (little words, people, numbers, signs, "
    "orders of words) counts three times. A list of suspects, not a verdict: which of them hold elsewhere, "
    "only labeled rows from where the model will be used can tell (data.check_path=FILE)."
)
_CHECKED = (
    "What decides most in the training texts, and whether it holds on the check sample. A candidate that is "
    "at least 15% of a decision in the rows that have it is a shortcut where less than half of what it says "
    "about the class in training holds on the check rows, or where it carries a twentieth of all decisions "
    "and is more than four times rarer there, each beyond chance (5% for all together)."
)


def unchecked_sentence(found: ShortcutEvidence, name: Name) -> str:
    """Name what carries so much of the decisions that it should be looked at where no check rows judge it.

    Args:
        found: words in clear.
        name: what stands for a word: itself, or a hash where text is private.
    """
    heavy = [c for c in found.candidates if c.share.low >= _HEAVY][:_NAMED]
    if found.n_check or not heavy:
        return ""
    told = [
        f"{c.named(name).feature.title} ({percent(c.share.estimate)} of an average decision)" for c in heavy
    ]
    return (
        f"It decides by {listed(told)}. Whether that holds where the model will be used, only labeled rows "
        "from there can tell: data.check_path=FILE."
    )


def shortcut_section(found: ShortcutEvidence, class_names: Sequence[str], name: Name) -> str:
    """Return the candidates as HTML: a table, then sentences and texts of the first ones.

    Args:
        found: words in clear.
        class_names: of the classes.
        name: what stands for a word: itself, or a hash where text is private.
    """
    if not found.candidates:
        return ""
    shown = found.candidates[:_MOST]
    html = paragraph(_CHECKED if found.n_check else _UNCHECKED) + _table(shown, found, class_names, name)
    told = found.shortcuts or tuple(c for c in shown if c.examples)[:2]
    html += "".join(_told(candidate.named(name), found, class_names) for candidate in told)
    if not found.n_check:
        return html
    return html + paragraph(
        "The table shortcuts among the run's artifacts has all candidates; diagnosis/marks.yaml, where "
        "something was found, is what a training with guidance.marks=found follows.",
        "quiet",
    )


def ranked_list(found: ShortcutEvidence, class_names: Sequence[str], name: Name) -> str:
    """Return all candidates as folded HTML, and sentences of those that no finding shows."""
    if not found.candidates:
        return ""
    html = paragraph(_CHECKED if found.n_check else _UNCHECKED)
    html += _table(found.candidates, found, class_names, name)
    html += "".join(
        _told(c.named(name), found, class_names) for c in found.candidates if c.examples and not c.is_shortcut
    )
    said = f"All {counted(len(found.candidates), 'candidate')}, ranked"
    return f"<details><summary>{said}</summary>{html}</details>"


def _table(
    shown: Sequence[Candidate], found: ShortcutEvidence, class_names: Sequence[str], name: Name
) -> str:
    return table(pd.DataFrame([_row(candidate, found, class_names, name) for candidate in shown]))


def _told(hidden: Candidate, found: ShortcutEvidence, class_names: Sequence[str]) -> str:
    html = f"<h3>{escape(hidden.feature.title)}</h3>" + paragraph(described(hidden, found, class_names))
    return html + "".join(_text(text, class_names) for text in hidden.examples)


def _row(c: Candidate, found: ShortcutEvidence, class_names: Sequence[str], name: Name) -> dict[str, str]:
    row = {
        "what": c.named(name).feature.title,
        "speaks for": class_names[c.speaks_for],
        "training rows": f"{c.n_train:,} ({percent(c.coverage)})",
        "right there": percent(c.right_train),
        "of a decision": percent(max(c.share.estimate, 0.0)),
    }
    if not found.n_check:
        return row | {"why suspected": c.suspicion or "it decides much"}
    return row | {
        "check rows": f"{c.n_check:,}",
        "right in these": percent(c.right_check) if c.n_check else "–",
        "verdict": "shortcut" if c.is_shortcut else "",
    }


def _text(text: ShownText, class_names: Sequence[str]) -> str:
    where = "Training row" if text.split == "train" else "Check row"
    note = f"{where} {text.row_id}, labeled {quoted(class_names[text.label])}"
    sentence = colored_sentence(
        text.words, np.array(text.values), quantity=EFFECT, class_name=class_names[text.speaks_for]
    )
    return f'<p class="quiet">{escape(note)}</p>{sentence}'
