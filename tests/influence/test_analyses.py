"""Examples and doubtful labels of a run: from the training on, by command and from Python."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from small_runs import SMALL

import whytrain as wt
from whytrain.commands import inspect as command
from whytrain.influence.tracin import read_checkpoints, tracin
from whytrain.models.alike import mean_states
from whytrain.models.batch_runner import split_of
from whytrain.runs.checkpoints import read_weights
from whytrain.runs.evidence import read_evidence
from whytrain.tasks import CLASSIFICATION
from whytrain.tracking.reader import download


def run_inspect(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        command.main(list(words))
    return int(ended.value.code or 0)


@pytest.fixture
def flipped(workspace: Path) -> set[str]:
    """Change one label in ten of reviews.csv, and return the ids of these rows as whytrain calls them."""
    with Path("reviews.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    changed = set()
    for number, row in enumerate(rows):
        if number % 10 == 4:
            row["label"] = "bad" if row["label"] == "good" else "good"
            changed.add(f"row-{number + 2}")
    pd.DataFrame(rows).to_csv("reviews.csv", index=False)
    return changed


def test_a_run_says_who_taught_it_and_what_is_labeled_wrong(
    flipped: set[str],
    run_train: Callable[..., int],
    quiet_figures: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    without = ("~callbacks.explanations", "~callbacks.shortcuts", "~callbacks.surrogate")
    assert run_train(*SMALL, *without, "trainer.max_epochs=6", "run_name=first") == 0
    capsys.readouterr()
    run = wt.open_run("first")
    assert run.metrics["diagnosis/mislabeled"] > 0

    # The list of the ordinary run; of 140 rows that two small models know, planted ones come first mostly.
    listed = pd.read_csv(download(run.record, "diagnosis/corrections.csv"))
    train = read_evidence(run.record).train
    assert train.doubts is not None
    assert listed["id"].tolist() == [train.ids[row] for row in train.doubts.listed]
    assert roc_auc_score(np.isin(train.ids, list(flipped)), train.doubts.score) > 0.7
    assert list(listed)[:5] == ["id", "label", "suggested_label", "score", "agreement"]
    assert set(listed["label"] + listed["suggested_label"]) <= {"goodbad", "badgood"}
    assert train.while_training is not None
    assert train.while_training.sum(axis=1) == pytest.approx(1.0, abs=1e-5)

    # The weights of three epochs are there, and the last ones are the latest.
    assert list(read_weights(run.record)) == ["epoch-002", "epoch-004", "epoch-006"]

    text = "a great film"
    assert run_inspect("run=first", f"text={text}", "analysis=[examples,mislabeled]", "output=out") == 0
    told = capsys.readouterr().out
    assert "It says good" in told
    assert "and that at least two of 4 sources contradict" in " ".join(told.split())
    found = pd.read_csv("out/examples_sentences.csv")
    corpus, model = run.corpus, run.model.interface
    states = mean_states(model, corpus.train.texts)
    nearest = corpus.train.ids[int(np.argmax(states @ mean_states(model, [text])[0]))]
    assert found.iloc[0][["kind", "id"]].tolist() == ["most alike", nearest]
    influence = tracin(
        read_checkpoints(model, read_weights(run.record)),
        split_of(corpus.train.texts, model, corpus.train.labels),
        split_of([text], model, np.array([1])),
        CLASSIFICATION,
    )[0]
    by_kind = {kind: rows["id"].iloc[0] for kind, rows in found.groupby("kind")}
    assert by_kind["taught it"] == corpus.train.ids[int(influence.argmax())]
    assert by_kind["against it"] == corpus.train.ids[int(influence.argmin())]
    rows = pd.read_csv("out/mislabeled_rows.csv")
    assert set(rows["id"]) <= set(corpus.train.ids)

    # From Python, of the mistakes on validation rows: those that it is surest of.
    asked = run.inspect("examples", asked=2, shown=3, layer="words")
    table = asked.tables["sentences"]
    assert len(table) == table["asked"].nunique() * 9
    wrong = run.validation().query("not right").sort_values("probability", ascending=False)
    assert table["asked"].unique()[0] in wrong["text"].head(1).tolist()
    assert (table["label"] != table["answer"]).all()
