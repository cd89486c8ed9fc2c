"""What docs/multilabel.md says, done as it says it: two runs, their explanations, and their comparison."""

from __future__ import annotations

import json
import random
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from whytrain.metrics import evaluate
from whytrain.tasks import MultiLabel
from whytrain.types import Predictions

PAGE = Path(__file__).parents[2] / "docs" / "multilabel.md"
TOPICS = {"law": ("court", "judge"), "sport": ("goal", "match"), "tax": ("income", "tax")}
OTHER = ("the", "a", "film", "plot", "quiet", "day", "man", "raised", "very")
SMALL = [
    "data.batch_size=4",
    "data.calibration_size=30",
    "tokenizer.vocabulary_size=150",
    "model.hidden_size=16",
    "model.embedding.size=16",
    "trainer.max_epochs=4",
    "optimizer.learning_rate=0.03",
    "callbacks.explanations.max_words=6",
    "callbacks.explanations.budget=400",
    "callbacks.explanations.vocabulary_sentences=20",
]


def write_tickets(path: Path) -> None:
    """300 sentences whose labels are decided by words; a fifth has none."""
    chosen, lines = random.Random(0), ["text,label"]
    for _ in range(300):
        labels = [name for name in TOPICS if chosen.random() < 0.4]
        words = [chosen.choice(OTHER) for _ in range(3)] + [chosen.choice(TOPICS[name]) for name in labels]
        chosen.shuffle(words)
        lines.append(f"{' '.join(words)},{';'.join(labels)}")
    path.write_text("\n".join(lines) + "\n", "utf-8")


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory, migrated_store: Path) -> Iterator[Path]:
    """A folder in which all commands of the page ran, in this process, the trainings of small models."""
    import shutil

    from whytrain.commands import compare, explain, train

    folder = tmp_path_factory.mktemp("multilabel")
    write_tickets(folder / "tickets.csv")
    (folder / "mlruns").mkdir()
    shutil.copy(migrated_store, folder / "mlruns" / "mlflow.db")
    mains = {"train": train.main, "explain": explain.main, "compare": compare.main}
    commands = re.findall(r"^whytrain (\w+) (.*)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    assert [name for name, _ in commands] == ["train", "train", "explain", "explain", "compare"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for number, (name, words) in enumerate(commands):
            further = SMALL if name == "train" else [f"output=out{number}"]
            patch.setattr(sys, "argv", [name, *shlex.split(words), *further])
            with pytest.raises(SystemExit) as end:
                mains[name]()
            assert end.value.code in (0, None), words
        yield folder


def tables(folder: Path, pattern: str) -> pd.DataFrame:
    """The table that a pattern finds in the artifacts, of the run that is found first."""
    return pd.read_parquet(sorted(folder.glob(f"mlruns/artifacts/**/tables/{pattern}"))[0])


def test_what_a_run_logs(followed: Path) -> None:
    names = tuple(TOPICS)
    predictions = tables(followed, "predictions/predictions_epoch_004.parquet")
    labels = MultiLabel(separator=None).parse(predictions["label"].tolist(), names)
    logits = predictions[[f"logit_{name}" for name in names]].to_numpy()
    probabilities = predictions[[f"probability_{name}" for name in names]].to_numpy()
    assert probabilities == pytest.approx(1 / (1 + np.exp(-logits)))
    decided = MultiLabel(separator=None).show((logits > 0).astype(int), names)
    assert predictions["prediction"].tolist() == decided
    assert (predictions["right"] == (predictions["label"] == predictions["prediction"])).all()
    scores = tables(followed, "labels/scores_epoch_004.parquet")
    assert scores["label"].tolist() == list(names)
    assert scores["support"].tolist() == labels.sum(axis=0).tolist()
    assert scores["f1"].mean() == pytest.approx(evaluate(Predictions(logits=logits, labels=labels))["f1"])
    assert scores["f1"].mean() > 0.7, "the words decide: always or never scores below 0.6"
    calibrated = tables(followed, "calibration/labels_epoch_004.parquet")
    assert calibrated["label"].tolist() == list(names)
    assert (calibrated["temperature"] > 0).all()
    reliability = tables(followed, "calibration/reliability_epoch_004.parquet")
    counts = reliability.groupby(["label", "confidence_as"])["count"].sum()
    assert (counts == len(predictions)).all()
    drawn = {path.name for path in followed.glob("mlruns/artifacts/**/figures/**/*.png")}
    assert {"label_scores_epoch_004.png", "labels_epoch_004.png", "training.png"} <= drawn
    assert not any("confusion" in name for name in drawn)


def test_words_are_explained_for_their_label(followed: Path) -> None:
    values = tables(followed, "shapley/values_epoch_004.parquet")
    assert set(values["class"]) <= set(TOPICS)
    assert set(values["prediction"]) <= {*TOPICS, *(f"not {name}" for name in TOPICS)}
    own = [word in TOPICS[name] for word, name in zip(values["word"], values["class"], strict=True)]
    means = values.groupby(np.array(own))["score"].mean()
    assert means[True] > means[False] + 1  # log-odds: a label's own words speak for it, others do not
    every = json.loads((followed / "out2" / "explanation.json").read_text("utf-8"))
    asked = {e["class"] for e in every["explanations"]}
    assert asked == set(every["label"].split(";"))
    one = json.loads((followed / "out3" / "explanation.json").read_text("utf-8"))
    assert {e["class"] for e in one["explanations"]} == {"law"}
    scores = dict(zip(one["explanations"][0]["words"], one["explanations"][0]["scores"], strict=True))
    assert max(scores, key=scores.__getitem__) == "court"


def test_the_comparison_has_the_tasks_own_metrics(followed: Path) -> None:
    page = (followed / "out4" / "comparison.html").read_text("utf-8")
    for label in ("subset accuracy", "macro F1", "micro F1", "Hamming loss"):
        assert label in page
    assert "labels law, sport, tax" in page
    assert "MCC ↑" not in page


def test_the_logged_model_gives_labels_and_their_probabilities(followed: Path) -> None:
    from whytrain.models.saved import load_model

    folder = next(path.parent for path in followed.glob("mlruns/**/model.yaml"))
    saved = load_model(folder)
    frame = saved.predict(["the court", "income tax", "a day"])
    expected = (
        ["label"] + [f"probability_{n}" for n in TOPICS] + [f"calibrated_probability_{n}" for n in TOPICS]
    )
    assert list(frame) == expected
    shown = saved.task.show((saved.probabilities(["the court", "income tax", "a day"]) > 0.5), list(TOPICS))
    assert frame["label"].tolist() == shown


def test_the_diagnosis_says_what_it_did_not_examine(followed: Path) -> None:
    found = json.loads(next(followed.glob("mlruns/artifacts/**/diagnosis/findings.json")).read_text("utf-8"))
    assert "exclude each other" in found["not_examined"]["overconfidence"]
    assert {"above_the_floor", "leaking_split", "overfitting"} <= set(found["measured"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data=sst2"], "exactly one class"),
        (["data=csv", "data.path=tickets.csv", "trainer.monitor=val/mcc"], "no metric of task=multilabel"),
        (
            ["data=csv", "data.path=tickets.csv", "model=bilstm_kd", "distillation.teacher=x"],
            "distillation.teacher",
        ),
    ],
)
def test_what_is_for_classes_is_refused_in_one_line(
    followed: Path,
    run_train: Callable[..., int],
    capfd: pytest.CaptureFixture[str],
    words: list,
    message: str,
) -> None:
    assert run_train("task=multilabel", *words) != 0
    error = capfd.readouterr().err.strip().splitlines()
    assert len(error) == 1
    assert message in error[0]
