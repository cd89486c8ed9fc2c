"""The callback that teaches surrogates: what it logs, publishes, remembers, leaves out and leaves alone."""

from __future__ import annotations

import io
import logging
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from small import small_bilstm
from torch import nn

from whytrain.attribution.attribution import Quantity
from whytrain.attribution.evidence import AttributionEvidence, ExplanationEvidence
from whytrain.callbacks.fit_surrogates import FitSurrogates
from whytrain.config.validation import check_config
from whytrain.data.corpus import Corpus, Split, corpus_fingerprint
from whytrain.data.encoded import encode_split, encode_texts
from whytrain.data.wordpiece import WordPieceTrainer
from whytrain.models.batch_runner import predict_split
from whytrain.models.interface import interface_of
from whytrain.tracking.memory_store import MemoryStore
from whytrain.tracking.tables import artifact_path, text_hash

CONF = Path(__file__).parents[2] / "conf" / "callbacks"
SETTINGS: dict[str, Any] = {
    "epochs": None,
    "seed": 0,
    "rows": 100,
    "joined": 0,
    "words": 20,
    "pairs": 5,
    "alpha": 0.0,
    "temperature": 1.0,
    "epoch_rows": 100,
    "time_share": None,
}
WORDS = ("a", "the", "film", "plot", "is", "was", "so", "and")


def table(name: str, epoch: int | None = None) -> str:
    return artifact_path("tables", "surrogate", name, epoch, "parquet")


def figure(name: str | None, epoch: int | None = None) -> str:
    return artifact_path("figures", "surrogate", name, epoch, "png")


def make_split(n: int, n_classes: int, seed: int) -> Split:
    """Sentences whose class is decided by one of their words."""
    draw = random.Random(seed)
    texts, labels = [], []
    for i in range(n):
        words = [draw.choice(WORDS) for _ in range(draw.randint(2, 7))]
        words.insert(draw.randint(0, len(words)), ("dull", "great", "odd")[i % n_classes])
        texts.append(" ".join(words))
        labels.append(i % n_classes)
    return Split(
        ids=[f"s{seed}-{i}" for i in range(n)], texts=texts, labels=np.array(labels), human=None, columns={}
    )


class OpaqueModel(nn.Module):
    """A bag of embeddings that shows nothing of itself."""

    def __init__(self, vocabulary_size: int, n_classes: int) -> None:
        super().__init__()
        self.bag = nn.Embedding(vocabulary_size, n_classes)

    def forward(self, token_ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        kept = torch.ones_like(token_ids) if mask is None else mask.long()
        return (self.bag(token_ids) * kept[..., None]).sum(dim=1) / kept.sum(dim=1, keepdim=True)


def make_run(
    cache: Path,
    store: MemoryStore | None,
    *,
    n_train: int = 160,
    n_validation: int = 60,
    n_classes: int = 2,
    opaque: bool = False,
    epoch_s: float = 1000.0,
    explained: ExplanationEvidence | None = None,
) -> tuple[Any, Any]:
    """A trainer and a module as the callback sees them, in the middle of the first epoch."""
    splits = {
        "train": make_split(n_train, n_classes, 1),
        "validation": make_split(n_validation, n_classes, 2),
    }
    names = ("neg", "pos", "odd")[:n_classes]
    tokenizer = WordPieceTrainer(vocabulary_size=200, min_frequency=2, lowercase=True).build(
        splits["train"].texts
    )
    corpus = Corpus(
        name="made",
        class_names=names,
        **splits,
        calibration=None,
        test=None,
        notices=(),
        fingerprint=corpus_fingerprint(names),
    )
    encoded = {name: encode_split(split, tokenizer, 32, cache) for name, split in splits.items()}
    torch.manual_seed(0)
    model = (
        OpaqueModel(tokenizer.vocabulary_size, n_classes)
        if opaque
        else small_bilstm(
            vocabulary_size=tokenizer.vocabulary_size,
            n_classes=n_classes,
            padding_id=tokenizer.padding_id,
            embedding={"size": 4, "pretrained": None},
            hidden_size=3,
            pooling="attention",
            dropout=0.3,
        )
    )
    interface = interface_of(model.train(), tokenizer, 32)
    module = SimpleNamespace(
        interface=interface,
        model=model,
        predictions=predict_split(interface, encoded["validation"]),
        epoch_seconds=epoch_s,
    )
    trainer = SimpleNamespace(
        is_global_zero=True,
        logger=SimpleNamespace(experiment=store),
        datamodule=SimpleNamespace(
            corpus=corpus,
            tokenizer=tokenizer,
            encoded=encoded.__getitem__,
            encode=lambda texts, labels: encode_texts(texts, labels, tokenizer, 32),
        ),
        callbacks=[SimpleNamespace(evidence=explained)],
        sanity_checking=False,
        current_epoch=0,
    )
    return trainer, module


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes longest where nobody looks at it: figures, and strengths to choose from."""
    monkeypatch.setattr("whytrain.surrogates.surrogates.STRENGTHS", {"logistic": (1.0,), "tree": (3,)})
    for name in ("coefficients", "decision_tree", "rule_list", "fidelity_history"):
        monkeypatch.setattr(f"whytrain.callbacks.fit_surrogates.{name}", lambda *args: "not drawn")


def run(callback: FitSurrogates, trainer: Any, module: Any, n_epochs: int = 1) -> None:
    callback.on_fit_start(trainer, module)
    for epoch in range(trainer.current_epoch, trainer.current_epoch + n_epochs):
        trainer.current_epoch = epoch
        callback.on_validation_end(trainer, module)
    trainer.current_epoch += 1
    callback.on_fit_end(trainer, module)


EXPLAINED = ExplanationEvidence(
    methods={
        "shapley": AttributionEvidence(
            quantity=Quantity(symbol="φ", name="Shapley value", unit="log-odds"),
            sentences=(),
            vocabulary=pd.DataFrame(
                {"class": "pos", "word": ["great", "dull", "film"], "score": [2.0, -1.5, 0.1]}
            ),
            pairs=pd.DataFrame({"word_a": ["film"], "word_b": ["great"], "interaction": [0.5]}),
        )
    },
    attention=None,
)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[FitSurrogates, MemoryStore, Any, Any]:
    store = MemoryStore()
    trainer, module = make_run(tmp_path_factory.mktemp("cache"), store, explained=EXPLAINED)
    callback = FitSurrogates(**SETTINGS)
    run(callback, trainer, module, n_epochs=2)
    return callback, store, trainer, module


def test_the_packaged_sections_are_valid() -> None:
    for name in ("default", "full"):
        section = yaml.safe_load((CONF / f"{name}.yaml").read_text("utf-8"))["surrogate"]
        plain = {
            "_target_": "whytrain.callbacks.fit_surrogates.FitSurrogates",
            **section,
            "seed": 0,
            "epochs": None,
        }
        check_config({"surrogate": plain}, {})


def test_every_epoch_has_scores(done: tuple[Any, ...]) -> None:
    _, store, _, _ = done
    for epoch in (1, 2):
        metrics = store.metrics[epoch]
        for kind in ("logistic", "tree"):
            assert 0 <= metrics[f"surrogate/agreement_{kind}"] <= 1
            assert -1 <= metrics[f"surrogate/over_gold_{kind}"] <= 1
            assert metrics[f"surrogate/kl_{kind}"] >= 0
        assert 0 <= metrics["surrogate/student_agreement"] <= 1
    # The weights did not change between the two: neither do surrogates of the same sentences.
    first, second = (
        {k: v for k, v in store.metrics[e].items() if k.startswith("surrogate/agr")} for e in (1, 2)
    )
    assert first == {k: second[k] for k in first}


def test_the_end_has_tables_figures_and_evidence(done: tuple[Any, ...]) -> None:
    callback, store, _, module = done
    names = ("coefficients", "rules", "fidelity", "disagreement", "influence", "soft_tree")
    assert set(store.tables) == set(map(table, names))
    # Each of the 100 sentences holds part of the parameters: no more than there are, intercept and all.
    rows = store.tables[table("influence")]
    readable = store.tables[table("coefficients")].query("features == 'readable'")
    assert len(rows) == 100
    assert 1 < rows["leverage"].sum() < len(readable) + 1
    assert (rows["cooks_distance"].diff().dropna() <= 0).all()
    drawn = ("coefficients_readable", "tree", "rules", "fidelity")
    assert set(store.figures) == set(map(figure, drawn))
    evidence = callback.evidence
    assert [(s.features, s.kind) for s in evidence.surrogates] == [
        ("readable", "logistic"),
        ("readable", "tree"),
        ("dense", "logistic"),
        ("dense", "tree"),
        ("readable", "soft_tree"),
    ]
    assert evidence.n_rows == 100
    kinds = {c.kind for c in evidence.coefficients}
    assert kinds == {
        "word",
        "pair",
        "form",
        "embedding",
        "hidden",
        "attention",
    }  # a sum of words is in theirs
    assert sum(rule.n_train for rule in evidence.rules) == 100
    assert sum(rule.n_validation for rule in evidence.rules) == 60
    best = store.metrics[2]
    assert best["surrogate/best_agreement_logistic"] == evidence.surrogates[0].agreement.estimate
    # What the tables say of the network is what it predicts.
    assert best["surrogate/best_agreement_dense_logistic"] == evidence.surrogates[2].agreement.estimate
    agreeing = sum(rule.teacher_validation for rule in evidence.rules)
    assert agreeing / 60 == pytest.approx(evidence.surrogates[1].agreement.estimate)
    answered = store.tables[table("fidelity")].query("taught_by == 'teacher'")
    assert answered["accuracy"].tolist() == [s.accuracy.estimate for s in evidence.surrogates]
    majority = np.bincount(module.predictions.logits.argmax(axis=1)).max() / 60
    assert best["surrogate/best_majority"] == pytest.approx(majority)


def test_disagreement_names_rows_of_all_training_sentences(done: tuple[Any, ...]) -> None:
    callback, store, trainer, module = done
    differing = store.tables[table("disagreement")]
    assert store.text_columns[table("disagreement")] == ("text",)
    corpus, of_train = trainer.datamodule.corpus, differing[differing["split"] == "train"]
    rows = list(callback.evidence.disagreeing_rows)
    assert of_train["id"].tolist() == [corpus.train.ids[row] for row in rows]
    assert list(callback.evidence.disagreeing_ids) == of_train["id"].tolist()
    assert of_train["text"].tolist() == [corpus.train.texts[row] for row in rows]
    metrics = store.metrics[max(store.metrics)]
    assert metrics["surrogate/best_student_agreement_train"] == pytest.approx(1 - len(rows) / 160)
    names = np.array(corpus.class_names)
    assert of_train["teacher"].isna().all()  # that would take as long as a tenth of an epoch
    of_validation = differing[differing["split"] == "validation"]
    logits = predict_split(module.interface, trainer.datamodule.encoded("validation")).logits
    numbers = [corpus.validation.ids.index(row) for row in of_validation["id"]]
    assert of_validation["teacher"].tolist() == names[logits.argmax(axis=1)[numbers]].tolist()


@pytest.mark.usefixtures("quick")
def test_training_is_left_alone(tmp_path: Path) -> None:
    trainer, module = make_run(tmp_path, MemoryStore())
    weights = [p.detach().clone() for p in module.model.parameters()]
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    run(FitSurrogates(**SETTINGS), trainer, module)
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])
    assert random.getstate() == before[2]
    assert module.model.training
    assert all(torch.equal(a, b) for a, b in zip(weights, module.model.parameters(), strict=True))
    assert all(p.grad is None for p in module.model.parameters())


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("epoch_s", "n_rows"), [(1000.0, 150), (1e-6, 100)])
def test_a_share_of_the_time_lowers_the_sentences_of_an_epoch(
    tmp_path: Path, epoch_s: float, n_rows: int, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore()
    trainer, module = make_run(tmp_path, store, epoch_s=epoch_s)
    callback = FitSurrogates(**SETTINGS | {"rows": 150, "epoch_rows": None, "time_share": 0.05})
    with caplog.at_level(logging.WARNING):
        run(callback, trainer, module)
    assert callback.budget.allowed(150) == n_rows
    assert ("allows 100 of 150 sentences per epoch" in caplog.text) == (n_rows == 100)
    assert callback.evidence.n_rows == 150


@pytest.mark.usefixtures("quick")
def test_by_default_no_clock_decides(tmp_path: Path) -> None:
    stores = [MemoryStore(), MemoryStore()]
    for store, epoch_s in zip(stores, (1000.0, 1e-6), strict=True):
        run(FitSurrogates(**SETTINGS | {"rows": 150}), *make_run(tmp_path, store, epoch_s=epoch_s))
    assert stores[0].metrics == stores[1].metrics
    assert stores[0].params == stores[1].params == {}
    assert set(stores[0].tables) == set(stores[1].tables)
    for path, frame in stores[0].tables.items():
        pd.testing.assert_frame_equal(stores[1].tables[path], frame, check_exact=True)


@pytest.mark.usefixtures("quick")
def test_the_network_labels_joined_sentences(tmp_path: Path) -> None:
    rows = []
    for joined in (0, 300):
        store = MemoryStore()
        trainer, module = make_run(tmp_path, store)
        run(FitSurrogates(**SETTINGS | {"joined": joined, "epoch_rows": 0}), trainer, module)
        rows.append(store.tables[table("fidelity")].set_index(["features", "student", "taught_by"])["kl"])
    changed = rows[0] != rows[1]
    assert changed["readable", "logistic", "teacher"]
    assert not changed["readable", :, "gold labels"].any()
    assert not changed["dense"].any()


@pytest.mark.usefixtures("quick")
def test_all_rows_and_none_per_epoch(tmp_path: Path) -> None:
    store = MemoryStore()
    trainer, module = make_run(tmp_path, store)
    callback = FitSurrogates(**SETTINGS | {"rows": "all", "epoch_rows": 0})
    run(callback, trainer, module)
    assert callback.evidence.n_rows == 160
    assert figure("fidelity") not in store.figures
    assert all("surrogate/agreement_tree" not in metrics for metrics in store.metrics.values())


@pytest.mark.usefixtures("quick")
def test_a_resumed_run_goes_on_with_the_same(tmp_path: Path) -> None:
    whole, first, second = MemoryStore(), MemoryStore(), MemoryStore()
    settings = SETTINGS | {"rows": 150, "epoch_rows": None, "time_share": 0.05}
    trainer, module = make_run(tmp_path, whole)
    uninterrupted = FitSurrogates(**settings)
    run(uninterrupted, trainer, module, n_epochs=2)
    trainer, module = make_run(tmp_path, first)
    killed = FitSurrogates(**settings)
    run(killed, trainer, module)
    buffer = io.BytesIO()
    torch.save(killed.state_dict(), buffer)
    buffer.seek(0)
    trainer, module = make_run(tmp_path, second, epoch_s=1e-6)  # a slow machine, which would afford less
    trainer.current_epoch = 1
    resumed = FitSurrogates(**settings)
    resumed.load_state_dict(torch.load(buffer, weights_only=True))
    run(resumed, trainer, module)
    assert resumed.budget.allowed(150) == uninterrupted.budget.allowed(150) == 150
    assert resumed.state_dict() == uninterrupted.state_dict()
    assert second.params == {}
    for path, frame in whole.tables.items():
        pd.testing.assert_frame_equal(second.tables[path], frame)


def test_private_words_stay_out(tmp_path: Path) -> None:
    store = MemoryStore(log_text=False)
    trainer, module = make_run(tmp_path, store, explained=EXPLAINED)
    callback = FitSurrogates(**SETTINGS)
    run(callback, trainer, module)
    shown = " ".join(
        text.get_text()
        for drawn in store.figures.values()
        for text in drawn.findobj(lambda a: hasattr(a, "get_text"))
    )
    for frame in store.tables.values():
        for column in frame.select_dtypes(exclude="number"):
            shown += " ".join(map(str, frame[column]))
    shown += " ".join(c.name for c in callback.evidence.coefficients)
    shown += " ".join(rule.text for rule in callback.evidence.rules)
    assert text_hash("great") in shown
    assert "great" not in shown
    assert "“film" not in shown


@pytest.mark.usefixtures("quick")
def test_three_classes_and_a_model_that_shows_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore()
    trainer, module = make_run(tmp_path, store, n_classes=3, opaque=True)
    callback = FitSurrogates(**SETTINGS)
    with caplog.at_level(logging.WARNING):
        run(callback, trainer, module)
    assert "does not show its states; surrogates of them are left out" in caplog.text
    assert {s.features for s in callback.evidence.surrogates} == {"readable"}
    assert set(store.tables[table("coefficients")]["class"]) == {"neg", "pos", "odd"}
    # A bag of words is what a logistic surrogate of words can learn.
    assert callback.evidence.surrogates[0].agreement.estimate > 0.8


def test_a_class_without_training_sentences_is_said_and_training_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore()
    trainer, module = make_run(tmp_path, store, n_classes=3)
    trainer.datamodule.corpus.train.labels[:] = 0
    callback = FitSurrogates(**SETTINGS)
    with caplog.at_level(logging.WARNING):
        run(callback, trainer, module)
    assert caplog.text.count("there are no surrogates of this run") == 1
    assert "there are none of pos, odd" in caplog.text
    assert callback.evidence is None
    assert not store.tables
    assert not store.metrics


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("n_train", "n_validation", "message"), [(4, 1, "at least 2 validation"), (6, 4, None)]
)
def test_tiny_data(
    tmp_path: Path, n_train: int, n_validation: int, message: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    trainer, module = make_run(tmp_path, MemoryStore(), n_train=n_train, n_validation=n_validation)
    callback = FitSurrogates(**SETTINGS)
    with caplog.at_level(logging.WARNING):
        run(callback, trainer, module)
    if message is None:
        assert callback.evidence.n_rows == n_train
    else:
        assert message in caplog.text
        assert callback.evidence is None


def test_without_a_store_nothing_is_done(tmp_path: Path) -> None:
    trainer, module = make_run(tmp_path, None)
    callback = FitSurrogates(**SETTINGS)
    run(callback, trainer, module)
    assert callback.evidence is None
    assert callback.state_dict()["history"] == []
