"""Time an epoch of training: the loop that a reader of the paper would write against `python train.py`.

    python benchmarks/train_epoch.py --data DIR                 # DIR holds GLUE's train.tsv and dev.tsv
    python benchmarks/train_epoch.py --data DIR --seeds 5 --epochs 3

Both train the same BiLSTM (128/128, last states) on the same sentences and wordpieces. (a) is shuffled,
padded to the batch's longest sentence, packed, batches of 32, Adam. (b) is this project's training as users
run it, with callbacks and tracking off. The arithmetic limit is the floating-point work of the recurrent
layer, forward and backward, at the speed of a large matrix product on the same threads.
"""

from __future__ import annotations

import argparse
import logging
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

from whytrain import lightning_modules as lm
from whytrain.data.encoded import EncodedSplit
from whytrain.models.batch_runner import predict_split
from whytrain.models.interface import ModelInterface, interface_of
from whytrain.objectives.objective import Objective

CONF = Path(__file__).resolve().parent.parent / "conf"
SIZE = 128


class PlainBiLSTM(nn.Module):
    """Embedding, packed bidirectional LSTM, dropout, linear over the last states."""

    def __init__(self, vocabulary_size: int, n_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, SIZE, padding_idx=0)
        self.lstm = nn.LSTM(SIZE, SIZE, bidirectional=True, batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.classifier = nn.Linear(2 * SIZE, n_classes)

    def forward(self, token_ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Return logits (batch, n_classes)."""
        mask = torch.ones_like(token_ids, dtype=torch.bool) if mask is None else mask
        embedded = self.embedding(token_ids)
        lengths = mask.sum(dim=1).cpu()
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        _, (hidden, _) = self.lstm(packed)
        logits: torch.Tensor = self.classifier(self.dropout(torch.cat([hidden[0], hidden[1]], dim=1)))
        return logits


def plain_epochs(data: lm.TextData, seed: int, n_epochs: int, share: float) -> tuple[nn.Module, float]:
    """Train with the plain loop; return the model and the seconds per epoch."""
    torch.manual_seed(seed)
    split = data.encoded("train")
    rows = torch.randperm(len(split))[: int(share * len(split))].tolist()
    sentences = [
        (torch.from_numpy(split.sentence(row).astype(np.int64)), int(split.labels[row])) for row in rows
    ]

    def collate(batch: list[tuple[torch.Tensor, int]]) -> tuple[torch.Tensor, torch.Tensor]:
        token_ids = pad_sequence([ids for ids, _ in batch], batch_first=True)
        return token_ids, torch.tensor([label for _, label in batch])

    loader = DataLoader(sentences, batch_size=32, shuffle=True, collate_fn=collate)  # type: ignore[arg-type]
    model = PlainBiLSTM(data.tokenizer.vocabulary_size, len(data.corpus.class_names))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    started = time.perf_counter()
    for _ in range(n_epochs):
        for token_ids, labels in loader:
            loss = nn.functional.cross_entropy(model(token_ids, token_ids != 0), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model, (time.perf_counter() - started) / n_epochs


def our_epochs(data: lm.TextData, config: object, seed: int, n_epochs: int) -> tuple[nn.Module, float]:
    """Train as `python train.py` does; return the model and the seconds per epoch, evaluation included."""
    torch.manual_seed(seed)
    model = instantiate(
        config.model,  # type: ignore[attr-defined]
        vocabulary_size=data.tokenizer.vocabulary_size,
        n_classes=len(data.corpus.class_names),
        padding_id=data.tokenizer.padding_id,
    )
    module = lm.Classifier(
        interface_of(model, data.tokenizer, data.source.max_tokens),
        objective=Objective(instantiate(config.objective), data.token_kinds),  # type: ignore[attr-defined]
        optimizer=instantiate(config.optimizer),  # type: ignore[attr-defined]
        seed=seed,
    )
    trainer = lm.make_trainer(instantiate(config.trainer, max_epochs=n_epochs), data, [], None)  # type: ignore[attr-defined]
    started = time.perf_counter()
    trainer.fit(module, datamodule=data)
    return model, (time.perf_counter() - started) / n_epochs


def accuracy(model: ModelInterface, split: EncodedSplit) -> float:
    """Share of a split's sentences that the model classifies right."""
    predictions = predict_split(model, split)
    return float((predictions.logits.argmax(axis=1) == predictions.labels).mean())


def matrix_product_speed() -> float:
    """GFLOP/s of a 2048 × 2048 matrix product in float32, the best of 20."""
    a = torch.randn(2048, 2048)
    times = []
    for _ in range(20):
        started = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - started)
    return float(2 * 2048**3 / min(times) / 1e9)


def recurrent_work(split: EncodedSplit) -> float:
    """GFLOP of an epoch's LSTM: both directions, input and recurrent products; backward is twice forward."""
    per_token = 2 * 2 * (2 * SIZE * 4 * SIZE)
    return float(3 * per_token * split.lengths.sum() / 1e9)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="folder with GLUE's train.tsv and dev.tsv of SST-2")
    parser.add_argument("--seeds", type=int, default=1, help="seeds of each arm")
    parser.add_argument("--epochs", type=int, default=1, help="epochs of each run")
    parser.add_argument("--share", type=float, default=1.0, help="share of the train rows for (a), scaled up")
    parser.add_argument("--batch-size", type=int, help="of (b); the default is the config's")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.ERROR)
    overrides = [
        "data=sst2",
        f"data.path={arguments.data}",
        "data.calibration_size=0",
        "tokenizer=bert",
        "model=bilstm",
    ]
    if arguments.batch_size:
        overrides.append(f"data.batch_size={arguments.batch_size}")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        configs = {
            "(b) float32": compose("train", overrides),
            "(b) bf16-mixed": compose("train", [*overrides, "trainer.precision=bf16-mixed"]),
        }
    config = configs["(b) float32"]
    data = lm.TextData(instantiate(config.data), instantiate(config.tokenizer), seed=0)
    data.setup()
    split, validation = data.encoded("train"), data.encoded("validation")
    print(
        f"{len(split):,} sentences, {split.lengths.mean():.1f} wordpieces on average, "
        f"{torch.get_num_threads()} threads"
    )
    results: dict[str, list[tuple[float, float]]] = {}
    for seed in range(arguments.seeds):
        arms = {"(a) plain loop": lambda s: plain_epochs(data, s, arguments.epochs, arguments.share)}
        arms |= {name: lambda s, c=c: our_epochs(data, c, s, arguments.epochs) for name, c in configs.items()}
        for name, arm in arms.items():
            model, seconds = arm(seed)
            seconds /= arguments.share if name.startswith("(a)") else 1.0
            results.setdefault(name, []).append((seconds, accuracy(model, validation)))
            print(
                f"  seed {seed}  {name:16} {seconds:7.1f} s/epoch  dev accuracy {results[name][-1][1]:.4f}",
                flush=True,
            )
    plain = np.array(results["(a) plain loop"])
    print(f"\n{'':16} {'s/epoch':>8} {'times faster':>13} {'dev accuracy':>13} {'difference to (a)':>18}")
    for name, values in results.items():
        seconds, scores = np.array(values).T
        difference = 100 * (scores - plain[:, 1])
        spread = f" ± {difference.std(ddof=1):.2f}" if len(scores) > 1 else ""
        print(
            f"{name:16} {np.median(seconds):8.1f} {np.median(plain[:, 0]) / np.median(seconds):13.1f} "
            f"{scores.mean():13.4f} {difference.mean():13.2f}{spread} points"
        )
    speed, work = matrix_product_speed(), recurrent_work(split)
    limit = work / speed
    ours = np.median(np.array(results["(b) float32"])[:, 0])
    print(
        f"\narithmetic limit in float32: {work:.0f} GFLOP at {speed:.0f} GFLOP/s = {limit:.1f} s; "
        f"(b) is {ours / limit:.1f} × that"
    )


if __name__ == "__main__":
    main()
