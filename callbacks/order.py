"""The order of the callbacks: later ones read what earlier ones left.

Lightning calls callbacks in the order of their list, and several of them rest on what others did before them
in the same hook. Each says in its attribute `phase` where it belongs; `in_order` sorts by it, so that neither
a config's nor a caller's order decides what a run records.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from pytorch_lightning.callbacks import Callback

from whytrain.errors import ConfigError


class Phase(IntEnum):
    """A callback's place in the order of every hook."""

    SHOW = 0  # what a person watches: it says "epoch done" before the others take their time
    MEASURE = 1  # closes the books of an epoch, before what the others do counts as its time
    RECORD = 2  # at the end loads the best epoch's weights: all that follow find them in the module
    OBSERVE = 3  # reads the model; a callback of your own, too
    DISTIL = 4  # reads what the observers published
    DIAGNOSE = 5  # reads all of that
    REPORT = 6  # tells people all of that
    STOP = 7  # decides whether the training goes on, when all has been seen
    PACKAGE = 8  # saves the model with what the observers found about its confidence
    SAVE = 9  # checkpoints: what the others logged in an epoch belongs to its checkpoint


ONCE = (Phase.MEASURE, Phase.RECORD, Phase.DIAGNOSE, Phase.REPORT, Phase.PACKAGE, Phase.SAVE)


def phase_of(callback: Callback) -> Phase:
    """Return a callback's phase; one that says nothing observes."""
    return Phase(getattr(callback, "phase", Phase.OBSERVE))


def in_order(callbacks: Sequence[Callback]) -> list[Callback]:
    """Return callbacks by phase; those of one phase keep their order.

    Raises:
        ConfigError: two callbacks claim a phase that only one can have: both would write the same records.
    """
    for phase in ONCE:
        claimants = [type(callback).__name__ for callback in callbacks if phase_of(callback) is phase]
        if len(claimants) > 1:
            raise ConfigError(
                f"callbacks: {' and '.join(claimants)} are both of phase {phase.name}, which only one can "
                "be: leave one out, or let its phase be OBSERVE"
            )
    return sorted(callbacks, key=phase_of)
