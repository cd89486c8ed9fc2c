"""The finished run from which a training goes on: its model, and the data that it learned from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from whytrain.continual.replay import with_replay
from whytrain.data.corpus import Corpus
from whytrain.errors import ConfigError
from whytrain.models.saved import SavedModel
from whytrain.models.windowed import Windowed
from whytrain.runs.config import read_config
from whytrain.runs.data import learned_corpus
from whytrain.runs.find import RunFinder
from whytrain.runs.model import read_model


@dataclass(frozen=True, kw_only=True, eq=False)
class Earlier:
    """A run that is gone on from.

    Attributes:
        name: of the run.
        model: its best epoch's.
        corpus: what it learned from.
        replay: rows of that which are learned again, per new row.
        seed: of the draw.
    """

    name: str
    model: SavedModel
    corpus: Corpus
    replay: float
    seed: int

    def joined(self, new: Corpus) -> Corpus:
        """Return new data with some of the earlier one, see `with_replay`."""
        return with_replay(new, self.corpus, share=self.replay, seed=self.seed)

    def give_weights(self, model: nn.Module) -> None:
        """Give a new model of the same kind the weights.

        Raises:
            ConfigError: it is of another kind.
        """
        own = self.model.model.model if isinstance(self.model.model, Windowed) else self.model.model
        try:
            model.load_state_dict(own.state_dict())
        except RuntimeError as error:
            raise ConfigError(
                f"continue_from={self.name}: its weights are of another model; leave out what changes its "
                "layers"
            ) from error


def earlier_run(called: str, *, replay: float, seed: int, find: RunFinder, device: torch.device) -> Earlier:
    """Return the run that a training goes on from.

    Args:
        called: id or unique name.
        replay: rows of its data per new row, ≥ 0.
        seed: of the draw.
        find: finds tracked runs.
        device: where its model answers.

    Raises:
        TrackingError: there is no such run, it logged no model, or its data are other ones now.
        ConfigError: its data are not there any more.
    """
    run = find(called)
    corpus = learned_corpus(run, read_config(run))
    return Earlier(
        name=run.name, model=read_model(run, device=device), corpus=corpus, replay=replay, seed=seed
    )
