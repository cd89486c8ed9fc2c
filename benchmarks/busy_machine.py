"""What waiting threads cost on a busy machine: python benchmarks/busy_machine.py [--steps 40] [--rounds 5].

Takes training steps of a BiLSTM (128/128, 128 sentences of 24 tokens) in one process alone and in two side
by side, with threads that wait passively, as in every training of this project, and with threads that spin,
as OpenMP has it. The conditions take turns, so that what else runs on the machine meets all of them alike.
Prints the median over rounds, with smallest and largest, of the seconds per step and of three ratios within a
round.

On two cores two trainings side by side should take at most 2.5 times one alone, and passive waiting should
cost one alone on an idle machine at most 3%.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import torch  # before whytrain, which would set the policy that is measured here
from torch.nn.functional import cross_entropy

OURS = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}  # as in whytrain/__init__.py
OWN = (*OURS, "KMP_BLOCKTIME")  # what would decide in its place
WARM_UP = 3  # steps
SENTENCES, TOKENS, ENTRIES = 128, 24, 8000


def train(n_steps: int) -> float:
    """Say that all is ready, wait for a line, and return the seconds per step."""
    from whytrain.models.bilstm import BiLSTM

    torch.manual_seed(0)
    model = BiLSTM(
        vocabulary_size=ENTRIES,
        n_classes=2,
        padding_id=0,
        embedding={"size": 128, "pretrained": None},
        hidden_size=128,
        n_layers=1,
        pooling="last",
        layer_norm=False,
        self_attention_heads=0,
        dropout=0.3,
    )
    optimizer = torch.optim.AdamW(model.parameters())
    token_ids = torch.randint(1, ENTRIES, (SENTENCES, TOKENS))
    labels = torch.randint(2, (SENTENCES,))
    started = 0.0
    for step in range(WARM_UP + n_steps):
        if step == WARM_UP:
            print("ready", flush=True)
            sys.stdin.readline()
            started = time.perf_counter()
        optimizer.zero_grad()
        cross_entropy(model(token_ids, None), labels).backward()
        optimizer.step()
    return (time.perf_counter() - started) / n_steps


def seconds_per_step(n_processes: int, policy: str | None, n_steps: int) -> float:
    """Return the mean over processes that train at the same time; a policy of None is OpenMP's own."""
    environment = {name: value for name, value in os.environ.items() if name not in OWN}
    environment |= {} if policy is None else OURS
    command = [sys.executable, str(Path(__file__).resolve()), "--steps", str(n_steps), "--worker"]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(n_processes)
    ]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()
    answers = []
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        answers.append(float(worker.communicate()[0]))
    return sum(answers) / len(answers)


def shown(values: Sequence[float], unit: str = "") -> str:
    """Return median, smallest and largest."""
    return f"{median(values):.3f}{unit} [{min(values):.3f}, {max(values):.3f}]"


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.worker:
        print(train(given.steps))
        return
    conditions = [(n, policy) for n in (1, 2) for policy in ("passive", None)]
    load = os.getloadavg()[0]
    rounds = [{c: seconds_per_step(*c, given.steps) for c in conditions} for _ in range(given.rounds)]
    print(
        f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, load {load:.1f} before the first round"
    )
    for n, policy in conditions:
        print(f"{n} at a time, {policy or 'spinning':<8}  {shown([r[n, policy] for r in rounds], ' s')}")
    for name, over, under in (
        ("two side by side / one alone, passive", (2, "passive"), (1, "passive")),
        ("two side by side / one alone, spinning", (2, None), (1, None)),
        ("one alone, passive / spinning", (1, "passive"), (1, None)),
    ):
        print(f"{name}  {shown([r[over] / r[under] for r in rounds])}")


if __name__ == "__main__":
    main()
