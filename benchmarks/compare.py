"""What a comparison costs: python benchmarks/compare.py [--smoke].

Two runs with saved models (BiLSTMs 128/128 with random weights, one with attention), explanations included,
and 30 runs of five epochs, on 872 sentences of 19 words; each as a process of its own, from `python
compare.py` to its report in MLflow. Goals: two runs in under 20 s; 30 runs in under 2 minutes and 2 GiB.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.special import softmax

from whytrain.data.wordpiece import WordPieceTrainer
from whytrain.models.bilstm import BiLSTM
from whytrain.models.saved import SavedModel
from whytrain.runs.model import log_model
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.store import Store

ROOT = Path(__file__).parents[1]
CLASSES = ("negative", "positive")


@dataclass(frozen=True)
class Scale:
    """How much is compared: first a few runs, then more."""

    n_sentences: int
    n_runs: tuple[int, ...]
    size: int
    overrides: tuple[str, ...]


FULL, SMOKE = (
    Scale(872, (2, 30), 128, ()),
    Scale(60, (2,), 8, ("changed_sentences=1", "resamples=100", "explainer.shapley.budget=1")),
)


class Data:
    """Sentences, their labels and a tokenizer."""

    def __init__(self, scale: Scale) -> None:
        random = np.random.default_rng(0)
        words = np.array([f"word{i}" for i in range(2000)])
        lengths = random.poisson(18, scale.n_sentences) + 1
        self.texts = [" ".join(random.choice(words, length)) for length in lengths]
        self.labels = random.integers(2, size=scale.n_sentences)
        self.tokenizer = WordPieceTrainer(vocabulary_size=3000, min_frequency=1, lowercase=True).build(
            self.texts
        )
        self.ids = [str(row) for row in range(scale.n_sentences)]

    def predictions(self, skill: float, seed: int) -> pd.DataFrame:
        """Return the table of predictions of a model that is right by `skill` log-odds on average."""
        random = np.random.default_rng(seed)
        margin = random.normal(skill, 1.5, len(self.labels)) * (2 * self.labels - 1)
        logits = np.stack([-margin / 2, margin / 2], axis=1)
        columns = {"id": self.ids, "label": np.array(CLASSES)[self.labels]}
        for kind, values in (("probability", softmax(logits, axis=1)), ("logit", logits)):
            columns |= {f"{kind}_{name}": column for name, column in zip(CLASSES, values.T, strict=True)}
        return pd.DataFrame(columns)


def track(settings: TrackingSettings, data: Data, scale: Scale, number: int, *, with_model: bool) -> str:
    """Put a run into the store and return its id."""
    store = Store.start(settings, run_name=f"run-{number:02d}", tags={"data_fingerprint": "f" * 32})
    pooling = "attention" if number % 2 else "last"
    store.log_params({"seed": 0, "model.pooling": pooling, "optimizer.learning_rate": 0.001 * (number + 1)})
    frame = pd.DataFrame({"id": data.ids, "text": data.texts, "label": np.array(CLASSES)[data.labels]})
    store.log_table(frame, "data", "validation")
    for epoch in range(1, 6):
        values = {"train/loss": 0.7 / epoch, "val/loss": 0.6, "val/accuracy": 0.8, "val/f1": 0.8}
        store.log_metrics(values, step=epoch)
    store.log_metrics({"best/epoch": 5.0, "floor/accuracy": 0.79}, step=5)
    store.log_table(data.predictions(1.2 + number / 60, number), "predictions", epoch=5)
    if with_model:
        _log_model(store, data, scale, pooling)
    store.close("FINISHED")
    return store.run_id


def _log_model(store: Store, data: Data, scale: Scale, pooling: str) -> None:
    arguments = {
        "vocabulary_size": data.tokenizer.vocabulary_size,
        "n_classes": 2,
        "padding_id": data.tokenizer.padding_id,
        "embedding": {"size": scale.size, "pretrained": None},
        "hidden_size": scale.size,
        "n_layers": 1,
        "pooling": pooling,
        "layer_norm": pooling == "attention",
        "self_attention_heads": 0,
        "dropout": 0.0,
    }
    torch.manual_seed(0)
    model = BiLSTM(**arguments)
    path = "whytrain.models.bilstm.BiLSTM"
    saved = SavedModel(model=model, tokenizer=data.tokenizer, class_names=CLASSES, max_tokens=128)
    log_model(store, saved, class_path=path, arguments=arguments)


def measure(folder: Path, ids: list[str], overrides: tuple[str, ...]) -> tuple[float, float]:
    """Return the seconds of a comparison and the most memory of any process so far, in GiB."""
    started = time.perf_counter()
    command = [sys.executable, str(ROOT / "compare.py"), f"runs=[{','.join(ids)}]"]
    command += [f"tracking.directory={folder / 'mlruns'}", f"output={folder / f'report-{len(ids)}'}"]
    command += overrides
    done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return time.perf_counter() - started, most


def main(arguments: list[str]) -> None:
    """Make the runs, compare them and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, to see that everything runs")
    scale = SMOKE if parser.parse_args(arguments).smoke else FULL
    with tempfile.TemporaryDirectory(prefix="whytrain-compare-") as name:
        folder, data = Path(name), Data(scale)
        settings = TrackingSettings(
            uri=None, experiment="benchmark", log_text=True, directory=str(folder / "mlruns"), register=None
        )
        ids = [track(settings, data, scale, i, with_model=i < 2) for i in range(max(scale.n_runs))]
        print(f"{'runs':>6} {'time':>9} {'memory':>10} {'report':>9}")
        for n_runs in scale.n_runs:
            seconds, memory = measure(folder, ids[:n_runs], scale.overrides)
            size = (folder / f"report-{n_runs}" / "comparison.html").stat().st_size / 2**20
            print(f"{n_runs:6} {seconds:7.1f} s {memory:6.2f} GiB {size:5.1f} MiB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
