"""A tracked run as guidance reads it, without the time of a training."""

from __future__ import annotations

import pandas as pd
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import DictConfig
from small_runs import SMALL

from whytrain.commands import train
from whytrain.runs.config import log_config
from whytrain.runs.ranking import log_ranking
from whytrain.tracking.store import Store


def config_of(*words: str, small: tuple[str, ...] = SMALL) -> DictConfig:
    """The config of a command line."""
    with initialize_config_dir(str(train.CONF), version_base="1.3"):
        return compose("train", [*small, *words])


def track_explained_run(*words: str, tables: bool = True, name: str = "base") -> str:
    """Track a run as it would be after a training: tags, config and tables. Returns its id.

    Args:
        words: of the command line, beside those of a small run.
        tables: whether it explained anything.
        name: of the run.
    """
    config = config_of(*words)
    data, _ = train.build(config)
    settings = instantiate(config.tracking)
    store = Store.start(settings, run_name=name, tags={})
    fingerprints = {"data": data.corpus.fingerprint, "tokenizer": data.tokenizer.fingerprint}
    store.set_tags({f"{what}_fingerprint": value for what, value in fingerprints.items()})
    log_config(store, {"tracking": {"log_text": settings.log_text}}, [])
    if tables:
        ranked = pd.DataFrame({"word": ["great", "dull", "unheard-of", "lovely"], "score": [3.0, -2, 1, 1]})
        ranked["standard_error"] = [0.5, 0.5, 0.5, float("nan")]
        pairs = pd.DataFrame({"word_a": ["great"], "word_b": ["film"], "interaction": [1.0]})
        log_ranking(store, "shapley", ranked, pairs)
        disputed = {"split": ["train", "train", "validation"], "id": [*data.corpus.train.ids[:2], "x"]}
        store.log_table(pd.DataFrame(disputed), "surrogate", "disagreement")
    store.close("FINISHED")
    return store.run_id
