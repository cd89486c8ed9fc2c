"""Whether what is said of a network's inside is true: python benchmarks/inside.py [--runs ID … --uri URI].

Planted negations: sentences of which one word decides the label, turned around by a "not" before it; a BiLSTM
per seed learns them. Then 50 new sentences with "not" are compared with others in which it and three words
that mean nothing are exchanged: the word at which a state restores the most of the answer must be "not".
Prints the share of sentences in which it is, per layer, with its interval, and where else it is.

Tracked runs: with --runs each is probed (people's labels of phrases: --people) and its units are held; the
tables of `whytrain inspect analysis=[probes,neurons,patching]` are printed.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

import numpy as np
import tokenizers
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from whytrain.data.batch_plan import batch_plan
from whytrain.data.encoded import EncodedSplit, encode_texts
from whytrain.data.tokenization import Tokenizer
from whytrain.models.batch_runner import predict_split
from whytrain.models.bilstm import BiLSTM
from whytrain.models.bilstm.bilstm import Pooling
from whytrain.models.interface import ModelInterface, interface_of
from whytrain.patching import Patched, pair_of, patched
from whytrain.statistics.intervals import wilson_interval

GOOD = ["good", "great", "lovely", "fine", "brilliant", "moving", "funny", "clever"]
BAD = ["bad", "dull", "awful", "poor", "tedious", "silly", "weak", "boring"]
FILLERS = """the a this film movie plot story actor scene music was is seems and with of in its very rather so
    for people who saw it today again about here there""".split()  # noqa: SIM905  (a list takes a line for each)
NEUTRAL = "also"  # stands where "not" may stand, and means nothing
N_PAIRS, N_DECOYS = 50, 3


def planted_sentence(rng: np.random.Generator, *, negated: bool | None = None) -> tuple[list[str], int]:
    """Return words and the label: that of the one opinion, turned around by a "not" before it."""
    words = rng.choice(FILLERS, size=rng.integers(7, 13)).tolist()
    label = int(rng.integers(2))
    place = int(rng.integers(4, len(words)))
    words[place] = str(rng.choice(GOOD if label else BAD))
    negated = bool(rng.integers(2)) if negated is None else negated
    words[place - int(rng.integers(1, 5))] = "not" if negated else NEUTRAL
    return words, label ^ int(negated)


def planted_split(n: int, tokenizer: Tokenizer, rng: np.random.Generator) -> EncodedSplit:
    """Return so many sentences, tokenized."""
    rows = [planted_sentence(rng) for _ in range(n)]
    labels = np.array([label for _, label in rows])
    return encode_texts([" ".join(words) for words, _ in rows], labels, tokenizer, 20)


def planted_tokenizer() -> Tokenizer:
    """Return a tokenizer of the words alone."""
    words = ["[PAD]", "[UNK]", "not", NEUTRAL, *GOOD, *BAD, *FILLERS]
    backend = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: i for i, word in enumerate(words)}, "[UNK]")
    )
    backend.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    return Tokenizer(backend, "planted")


def trained(tokenizer: Tokenizer, pooling: Pooling, seed: int) -> tuple[ModelInterface, float]:
    """Train a small BiLSTM on 6,000 planted sentences; return it and its accuracy on 1,000 others."""
    rng = np.random.default_rng([seed, 1])
    train, held_out = (planted_split(n, tokenizer, rng) for n in (6000, 1000))
    torch.manual_seed(seed)
    module = BiLSTM(
        vocabulary_size=tokenizer.vocabulary_size,
        n_classes=2,
        padding_id=tokenizer.padding_id,
        embedding={"size": 16, "pretrained": None},
        hidden_size=16,
        n_layers=1,
        pooling=pooling,
        layer_norm=False,
        self_attention_heads=0,
        dropout=0.0,
    )
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-2)
    for epoch in range(1, 9):
        for rows in batch_plan(train.lengths, 64, seed, epoch)[0]:
            batch = train.batch(rows)
            loss = cross_entropy(module(batch.token_ids, batch.mask), batch.labels)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    model = interface_of(module.eval(), tokenizer, 20)
    return model, float(predict_split(model, held_out).right.mean())


def planted_pairs(model: ModelInterface, rng: np.random.Generator) -> list[Patched]:
    """Return 50 sentences with "not", each patched into one without it in which three fillers differ, too."""
    found: list[Patched] = []
    while len(found) < N_PAIRS:
        words, label = planted_sentence(rng, negated=True)
        other = list(words)
        other[words.index("not")] = NEUTRAL
        fillers = [place for place, word in enumerate(words) if word in FILLERS]
        for place in rng.permutation(fillers)[:N_DECOYS]:
            other[place] = str(rng.choice([word for word in FILLERS if word != words[place]]))
        pair = pair_of(" ".join(words), " ".join(other), model)
        found.append(patched(model, pair, towards=label))
    return found


def strongest(found: Sequence[Patched], layer: str) -> NDArray[np.str_]:
    """Return what stands where a state of the layer restores most: "not", "opinion" or "filler"."""
    words = [one.pair.words[int(one.restored[one.layers.index(layer)].argmax())] for one in found]
    opinions = {*GOOD, *BAD}
    return np.array([w if w == "not" else "opinion" if w in opinions else "filler" for w in words])


def planted(seeds: Sequence[int]) -> None:
    """Print how often the planted word is found."""
    tokenizer = planted_tokenizer()
    kinds: tuple[Pooling, ...] = ("mean", "attention", "last")
    for pooling in kinds:
        models = [trained(tokenizer, pooling, seed) for seed in seeds]
        found = [
            one
            for seed, (model, _) in zip(seeds, models, strict=True)
            for one in planted_pairs(model, np.random.default_rng([seed, 2]))
        ]
        accuracies = ", ".join(f"{accuracy:.3f}" for _, accuracy in models)
        print(f"\n{pooling}: accuracy {accuracies}; {len(found)} pairs")
        for layer in found[0].layers:
            kinds_found = Counter(strongest(found, layer).tolist())
            share = wilson_interval(kinds_found["not"], len(found))
            direct = np.mean([one.direct.get(layer, np.nan) for one in found])
            rows = [(one.restored[one.layers.index(layer)], one.pair.words.index("not")) for one in found]
            at_not = np.mean([row[place] for row, place in rows])
            behind = np.mean([row.argmax() > place for row, place in rows])
            print(
                f"  {layer:16s} at not {share.estimate:.2f} [{share.low:.2f}, {share.high:.2f}]"
                f"  at the opinion {kinds_found['opinion'] / len(found):.2f}"
                f"  at a filler {kinds_found['filler'] / len(found):.2f}  behind not {behind:.2f};"
                f"  restored at not {at_not:.2f}, through all changed words {direct:.2f}"
            )


def inspected(runs: Sequence[str], uri: str | None, people: str | None) -> None:
    """Print the tables of tracked runs."""
    import whytrain as wt

    for name in runs:
        run = wt.open_run(name, uri)
        for analysis in ("probes", "neurons", "patching"):
            result = run.inspect(analysis, people=people)
            print(f"\n{name}, {analysis}: {result.verdict}")
            for remark in result.result.remarks:
                print(f"  {remark}")
            for title, table in result.tables.items():
                print(f"\n{title}\n{table.head(60).to_string(index=False, float_format='{:.3f}'.format)}")


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2], help="of the planted networks")
    parser.add_argument("--runs", nargs="*", default=[], help="tracked runs whose inside is asked, too")
    parser.add_argument("--uri", help="where they are tracked")
    parser.add_argument("--people", help="trees with people's labels of phrases")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    planted(arguments.seeds)
    inspected(arguments.runs, arguments.uri, arguments.people)


if __name__ == "__main__":
    main()
