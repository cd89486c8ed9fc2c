"""One thread, a cache folder of the session's own, small reviews, and the command in this process."""

from __future__ import annotations

import logging
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import torch

ROOT = Path(__file__).parents[1]
# As in an activated environment: what is printed for typing begins with `whytrain`.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
sys.path[:0] = [
    str(ROOT / "tests"),
    str(ROOT / "tests" / "cli"),
]  # for processes of their own, whatever pytest's import mode

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

torch.set_num_threads(1)  # layers of eight units: a second thread would only be waited for

GOOD, BAD = ("great", "lovely", "brilliant"), ("dull", "awful", "tedious")
OTHER = ("film", "plot", "actor", "scene", "music", "story", "a", "the", "very", "quite", "unbelievable")

# Under nohup a hangup is ignored, and so would be what tests say of it.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what the tests cache out of the user's own cache."""
    if "WHYTRAIN_CACHE" in os.environ:
        yield
        return
    os.environ["WHYTRAIN_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    del os.environ["WHYTRAIN_CACHE"]


@pytest.fixture(scope="session")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 sentences of 3 to 10 words, whose class is decided by one of them."""
    chosen = random.Random(0)
    lines = ["text,label"]
    for row in range(200):
        words = [chosen.choice(OTHER) for _ in range(chosen.randint(2, 9))]
        words.insert(chosen.randint(0, len(words)), chosen.choice(GOOD if row % 2 else BAD))
        lines.append(f"{' '.join(words)},{'good' if row % 2 else 'bad'}")
    path = tmp_path_factory.mktemp("reviews") / "reviews.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face classifier of two layers with random weights, for the words of `reviews`."""
    from transformers import BertConfig, BertForSequenceClassification

    from whytrain.data.wordpiece import WordPieceTrainer

    folder = tmp_path_factory.mktemp("bert")
    words = [*GOOD, *BAD, *OTHER]
    tokenizer = WordPieceTrainer(vocabulary_size=200, min_frequency=1, lowercase=True).build(words * 3)
    tokenizer.save(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=tokenizer.vocabulary_size,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
        initializer_range=0.5,
        id2label={0: "bad", 1: "good"},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def migrated_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty tracking database; migrating one takes a second, copying it does not."""
    from whytrain.tracking.connection import connect

    path = tmp_path_factory.mktemp("migrated") / "mlflow.db"
    connect(f"sqlite:///{path}")
    return path


@pytest.fixture
def workspace(tmp_path: Path, reviews: Path, migrated_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with reviews.csv and an empty tracking store."""
    shutil.copy(reviews, tmp_path / "reviews.csv")
    (tmp_path / "mlruns").mkdir()
    shutil.copy(migrated_store, tmp_path / "mlruns" / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def quiet_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out a run's figures."""
    from small import draw_nothing

    draw_nothing(monkeypatch)


@pytest.fixture
def run_train(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """`train.py`'s main with these words behind it, inside this process; returns the exit code."""
    from whytrain.commands import train

    root_logger = logging.getLogger()
    handlers, level = list(root_logger.handlers), root_logger.level

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["train.py", *words])
        try:
            train.main()
        except SystemExit as end:
            return int(end.code or 0)
        raise AssertionError("main always exits")

    yield run
    root_logger.handlers, root_logger.level = handlers, level  # Hydra configures them anew
