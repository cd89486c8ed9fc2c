"""What to say of a run that went on from another: what it kept, what it gained, how its reasons moved."""

from __future__ import annotations

from html import escape

import pandas as pd

from whytrain.attribution.tables import Name
from whytrain.continual.continued import Change, Continued
from whytrain.pages.html import paragraph, table
from whytrain.presentation.wording import number, points_with_interval

_ROWS = {"old": "earlier validation rows", "new": "new validation rows"}


def continued_sentences(found: Continued) -> list[str]:
    """Return a sentence on the old rows, then one on the new ones."""
    return [_sentence(_ROWS[name], found.changes[name], found.earlier) for name in _ROWS]


def _sentence(rows: str, change: Change, earlier: str) -> str:
    difference = change.difference
    if difference.contains(0):
        judged = "which cannot be told from no change"
    else:
        judged = "it learned" if difference.estimate > 0 else "it forgot"
    return (
        f"On {change.n_rows:,} {rows} accuracy went from {change.before:.3f} ({earlier}) to "
        f"{change.after:.3f}: {points_with_interval(difference)}, {judged}."
    )


def continued_section(found: Continued | None, name: Name) -> str:
    """Return the page's section; empty for a run that went on from no other."""
    if found is None:
        return ""
    rows = [
        {
            "rows": _ROWS[key],
            "before": number(c.before),
            "after": number(c.after),
            "difference": points_with_interval(c.difference),
        }
        for key, c in found.changes.items()
    ]
    html = "".join(map(paragraph, continued_sentences(found))) + table(pd.DataFrame(rows))
    html += paragraph(
        "Both models answered the same rows; in brackets the 95% interval of a paired bootstrap. The best "
        "epoch was chosen on the new validation rows, nothing by the earlier ones.",
        "quiet",
    )
    return html + _reasons(found, name)


def _reasons(found: Continued, name: Name) -> str:
    moved = found.reasons
    if moved is None:
        return ""
    html = paragraph(
        f"Its reasons: the values of {moved.n_words:,} words in the same new sentences have a rank "
        f"correlation of {moved.correlation:.2f} with those before (1: the same order)."
    )
    for told, words in (
        ("Words that decide more now", moved.gained),
        ("Words that decide less now", moved.lost),
    ):
        if words:
            listed = ", ".join(f"“{name(word)}”" for word in words)
            html += f"<p>{told}: <bdi>{escape(listed)}</bdi>.</p>\n"
    return html
