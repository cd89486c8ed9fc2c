"""What became of a run's shortcuts in the one that followed."""

from __future__ import annotations

import pandas as pd
import pytest

from whytrain.runs import shortcuts


def test_what_became_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = ["kind", "words", "share", "is_shortcut"]
    tables = {
        "before": [
            ("words", "the", 0.81, True),
            ("ordered_pair", "plot actor", 0.3, True),
            ("words", "good", 0.02, False),
        ],
        "after": [("words", "good", 0.03, False), ("words", "the", -0.001, False)],
    }
    monkeypatch.setattr(shortcuts, "read_shortcuts", lambda run: pd.DataFrame(tables[run], columns=columns))
    assert shortcuts.what_became("before", "after") == [  # type: ignore[arg-type]
        "“the”: 81% of an average decision before, now 0%",
        "“plot” before “actor”: 30% of an average decision before, now less than each of the 2 listed",
    ]
