"""Whether influence foresees what training without some rows would have changed, beside likeness alone.

    python benchmarks/influence.py --rows 800 --asked 40 --retrainings 50

Of the data `snippets` so many training sentences are drawn, and validation sentences that are asked about. A
small BiLSTM is trained on all of them, with its weights kept at three moments, and then again on each of 50
random halves from the same first weights. For each asked sentence the log-odds of its label over the 50
retrainings are ranked against what a method foresees for a half: the sum of its values over the rows of it
(the linear datamodeling score of Park et al., 2023). Reported is Spearman's correlation, mean over the asked
sentences, with a bootstrap interval over them, and differences to likeness, paired.

    tracin_last     TracIn of the last layer at the three moments
    tracin_words    TracIn of the word embeddings
    last_at_end     the last layer's at the final weights alone: representer values up to a factor per class
    likeness        cosine of the mean states, less their mean, for or against by the training row's label
    likeness_raw    the same with states as they are
    random          numbers
"""

from __future__ import annotations

import argparse
import copy
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import nn

from whytrain.data.snippets import Snippets
from whytrain.data.wordpiece import WordPieceTrainer
from whytrain.influence.tracin import Checkpoint, tracin
from whytrain.models.alike import mean_states
from whytrain.models.batch_runner import predict_split, split_of
from whytrain.models.bilstm import BiLSTM
from whytrain.models.interface import ModelInterface, interface_of
from whytrain.statistics.intervals import bootstrap_interval
from whytrain.tasks import CLASSIFICATION

Array = NDArray[np.float64]
EPOCHS, BATCH, RATE, MOMENTS = 6, 32, 3e-3, (2, 4, 6)


def trained(
    start: ModelInterface, split: Any, rows: NDArray[np.int64], kept: list[Checkpoint]
) -> ModelInterface:
    """Return the model after training on rows; weights of some moments are added to `kept`."""
    model = replace(start, module=copy.deepcopy(start.module))
    optimizer = torch.optim.AdamW(model.module.parameters(), lr=RATE)
    model.module.train()
    for epoch in range(1, EPOCHS + 1):
        order = np.random.default_rng([1, epoch]).permutation(len(split))
        order = order[np.isin(order, rows)]
        for begin in range(0, len(order), BATCH):
            batch = split.batch(order[begin : begin + BATCH])
            loss = nn.functional.cross_entropy(model(batch.token_ids, batch.mask), batch.labels)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
            optimizer.step()
        if epoch in MOMENTS:
            moment = replace(model, module=copy.deepcopy(model.module).eval())
            kept.append(Checkpoint(name=str(epoch), model=moment, learning_rate=RATE))
    model.module.eval()
    return model


def margins(model: ModelInterface, asked: Any) -> Array:
    """Return the log-odds of the labels, float64 (n_asked,)."""
    logits, rows = predict_split(model, asked).logits, np.arange(len(asked))
    found: Array = logits[rows, asked.labels] - logits[rows, 1 - asked.labels]
    return found


def measure(n_rows: int, n_asked: int, n_retrainings: int, seed: int) -> dict[str, Array]:
    """Return each method's correlations, float64 (n_asked,)."""
    corpus = _snippets()
    rng = np.random.default_rng(seed)
    train = corpus.train.select(rng.permutation(len(corpus.train))[:n_rows])
    asked = corpus.validation.select(rng.permutation(len(corpus.validation))[:n_asked])
    tokenizer = WordPieceTrainer(vocabulary_size=3000, min_frequency=2, lowercase=True).build(train.texts)
    torch.manual_seed(seed)
    module = BiLSTM(
        vocabulary_size=tokenizer.vocabulary_size,
        n_classes=2,
        padding_id=tokenizer.padding_id,
        embedding={"size": 32, "pretrained": None},
        hidden_size=16,
        n_layers=1,
        pooling="mean",
        layer_norm=False,
        self_attention_heads=0,
        dropout=0.0,
    )
    start = interface_of(module, tokenizer, 64)
    encoded = split_of(train.texts, start, train.labels)
    questions = split_of(asked.texts, start, asked.labels)
    kept: list[Checkpoint] = []
    model = trained(start, encoded, np.arange(n_rows), kept)
    of_train, of_asked = (mean_states(model, part.texts) for part in (train, asked))
    center = of_train.mean(axis=0)
    centered = [
        (x - center) / np.linalg.norm(x - center, axis=1, keepdims=True) for x in (of_asked, of_train)
    ]
    same = np.where(asked.labels[:, None] == train.labels[None], 1.0, -1.0)
    values = {
        "tracin_last": tracin(kept, encoded, questions, CLASSIFICATION, "last"),
        "tracin_words": tracin(kept, encoded, questions, CLASSIFICATION, "words"),
        "last_at_end": tracin(kept[-1:], encoded, questions, CLASSIFICATION, "last"),
        "likeness": (centered[0] @ centered[1].T) * same,
        "likeness_raw": (of_asked @ of_train.T) * same,
        "random": rng.normal(size=same.shape),
    }
    halves = np.zeros((n_retrainings, n_rows))
    answers = []
    for number in range(n_retrainings):
        rows = np.sort(rng.permutation(n_rows)[: n_rows // 2])
        halves[number, rows] = 1.0
        answers.append(margins(trained(start, encoded, rows, []), questions))
        print(f"{number + 1} of {n_retrainings}", end="\r", flush=True)
    observed = np.array(answers)
    return {
        name: np.array(
            [spearmanr(halves @ value[z], observed[:, z]).statistic for z in range(n_asked)], dtype=np.float64
        )
        for name, value in values.items()
    }


def main() -> None:
    """Read the command line, measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, value in (("rows", 800), ("asked", 40), ("retrainings", 50), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    found = measure(given.rows, given.asked, given.retrainings, given.seed)
    for name, values in found.items():
        line = f"{name:14s}{_told(values)}"
        if name != "likeness":
            line += f"   − likeness {_told(values - found['likeness'])}"
        print(line)


def _told(values: Array) -> str:
    found = bootstrap_interval(lambda drawn: drawn.mean(axis=1), values)
    return f"{found.estimate:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


def _snippets() -> Any:
    import yaml

    from whytrain.api.runs import CONF

    settings = yaml.safe_load((CONF / "data" / "snippets.yaml").read_text("utf-8"))
    settings.pop("_target_")
    source = Snippets(**settings)
    source.prepare()
    return source.load(CLASSIFICATION)


if __name__ == "__main__":
    main()
