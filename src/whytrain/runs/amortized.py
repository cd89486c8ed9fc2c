"""The network that predicts a run's Shapley values: made from its data, kept with its model."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whytrain.attribution.amortized.games import Games
from whytrain.attribution.amortized.trained import FOLDER, TrainedExplainer
from whytrain.attribution.amortized.training import Progress, TrainingSettings, silent, train_amortized
from whytrain.attribution.reference_sentences import passage
from whytrain.attribution.removal import removal_of
from whytrain.attribution.units import Units, players_of
from whytrain.data.words import split_words
from whytrain.errors import ConfigError
from whytrain.models.interface import ModelInterface
from whytrain.models.saved import SavedModel, add_explainer, load_model
from whytrain.runs.config import read_config
from whytrain.runs.data import read_corpus
from whytrain.runs.model import as_pyfunc
from whytrain.tracking.models.package import add_model
from whytrain.tracking.reader import RunRecord, saved_model

if TYPE_CHECKING:
    import torch

    from whytrain.data.corpus import Corpus

_MOST_WORDS = 48  # of a longer text a passage is learned from
_HELD_OUT = 0.1  # share of train that judges where the run has no calibration slice


def amortize(
    run: RunRecord,
    settings: TrainingSettings,
    section: Mapping[str, Any],
    *,
    kept: Path | None = None,
    device: torch.device | str = "cpu",
    progress: Progress = silent,
) -> TrainedExplainer:
    """Make the network for a finished run's model and log it with the model, as the run's newest one.

    Args:
        run: the run; its data must still be where its config says.
        settings: how much is spent.
        section: class and settings of the method, see conf/explainer/amortized.yaml.
        kept: folder of the model that this machine trained, which then holds it, too.
        device: where the model computes.
        progress: shows steps of work.

    Raises:
        ConfigError: the model shows no states.
        DataError: the data cannot be read, or is too little.
        TrackingError: the run logged no model, or the store does not take it.
    """
    stored = saved_model(run)
    saved = load_model(stored, device=device)
    trained = trained_for(saved, read_corpus(run, read_config(run)), settings, progress=progress)
    with tempfile.TemporaryDirectory() as temporary:
        folder = shutil.copytree(stored, Path(temporary) / stored.name)
        for place in filter(None, (folder, kept)):
            shutil.rmtree(place / FOLDER, ignore_errors=True)
            trained.save(place / FOLDER)
            add_explainer(place, "amortized", section)
        add_model(run, as_pyfunc(folder, load_model(folder)))
    return trained


def trained_for(
    saved: SavedModel, corpus: Corpus, settings: TrainingSettings, *, progress: Progress = silent
) -> TrainedExplainer:
    """Train the network on a corpus: taught by train, judged by the calibration slice or held-out rows.

    A sentence is drawn with a chance that grows with its words: words are what is learned.

    Raises:
        ConfigError: the model shows no states.
    """
    model = saved.interface
    if not model.capabilities.embeddings:
        raise ConfigError(
            f"the model {type(saved.model).__name__} shows no embeddings and states, which a network could "
            "predict from: use explainer=shapley"
        )
    generator = np.random.default_rng([settings.seed, 0xC0])
    texts = [passage(text, _MOST_WORDS) for text in corpus.train.texts]
    lengths = np.array([len(split_words(text)) for text in texts])
    # Weighted drawing without replacement: the largest u^(1/w) first (Efraimidis, Spirakis 2006).
    order = np.argsort(generator.exponential(size=len(texts)) / np.maximum(lengths, 1e-9))
    if corpus.calibration is not None:
        judged = [passage(text, _MOST_WORDS) for text in corpus.calibration.texts]
    else:
        n_judged = int(_HELD_OUT * len(order))
        judged, order = [texts[row] for row in order[:n_judged]], order[n_judged:]
    absence = removal_of(model.capabilities.removals[0], model)
    games = Games(n_outputs=len(saved.class_names), exclusive=saved.task.exclusive)
    return train_amortized(
        model,
        games,
        absence,
        _units(model, (texts[row] for row in order)),
        _units(model, judged),
        settings,
        progress=progress,
    )


def _units(model: ModelInterface, texts: Iterable[str]) -> Iterator[Units]:
    """Yield the words of texts, as they are asked for; texts without any, or with too many, are left out."""
    for text in texts:
        if split_words(text):
            units = players_of(model.tokenizer.encode_words(text, model.max_tokens), model.max_tokens)
            if len(units) <= _MOST_WORDS:
                yield units
