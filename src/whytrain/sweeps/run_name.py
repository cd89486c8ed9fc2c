"""Names that say what a run is."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Sequence

from whytrain.config.override_words import values_of

_SAID = frozenset({"model", "data", "seed"})
_TELLING = ("model.", "objective.", "optimizer.", "guidance.")
_MOST_CHANGES = 4


def run_name(
    base: str, seed: int, overrides: Sequence[str], varied: Collection[str] | None, moment: float
) -> str:
    """Return a name such as `bilstm-sst2-seed0-dropout0.3-1122-031500`.

    Args:
        base: what is trained on what, or the name that the user gave a sweep's jobs.
        seed: of the run.
        overrides: the command line as `key=value`.
        varied: keys that tell the jobs of a sweep apart; None outside a sweep, where changes of the
            recipe are named.
        moment: seconds since 1970.

    >>> run_name("bilstm-csv", 1, ["seed=1", "model.dropout=0.30000001", "data.path=a/b"], None, 0.0)[:27]
    'bilstm-csv-seed1-dropout0.3'
    >>> run_name("mine", 0, ["model.dropout=0.1", "callbacks=none"], ["callbacks"], 0.0)[:24]
    'mine-seed0-callbacksnone'
    """
    changes = [(key, value) for key, value in values_of(overrides).items() if key not in _SAID]
    if varied is None:
        changes = [(key, value) for key, value in changes if key.startswith(_TELLING)][:_MOST_CHANGES]
    else:
        changes = [(key, value) for key, value in changes if key in varied]
    words = [f"{key.rpartition('.')[2]}{_short(value)}" for key, value in changes]
    return "-".join([base, f"seed{seed}", *words, time.strftime("%m%d-%H%M%S", time.localtime(moment))])


def is_made_name(name: str) -> bool:
    """Whether a name was made by `run_name`, rather than given by a person.

    >>> is_made_name(run_name("bilstm-csv", 1, [], None, 0.0)), is_made_name("first")
    (True, False)
    """
    return re.search(r"-seed\d+(-.*)?-\d{4}-\d{6}$", name) is not None


def _short(value: str) -> str:
    try:
        return f"{float(value):.3g}"
    except ValueError:
        return re.sub(r"[^\w.+]+", "_", value)[-24:]
