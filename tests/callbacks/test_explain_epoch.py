"""Explanations of every epoch in real fits, with a store that keeps what it is given."""

from __future__ import annotations

import io
import logging
import random
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from whytrain import lightning_modules as lm
from whytrain.attribution.removal import removal_of
from whytrain.attribution.shapley.table import coalition_table
from whytrain.attribution.shapley.values import shapley_values
from whytrain.attribution.target import payoffs
from whytrain.attribution.units import players_of
from whytrain.config.validation import check_config
from whytrain.errors import ConfigError
from whytrain.models.interface import interface_of
from whytrain.objectives.objective import Objective
from whytrain.tracking.memory_store import MemoryStore
from whytrain.tracking.tables import artifact_path, text_hash

CONF = Path(__file__).parents[2] / "conf"
SMALL = [
    "callbacks.explanations.max_words=6",
    "callbacks.explanations.train_sentences=5",
    "callbacks.explanations.displayed_sentences=1",
]


def table(name: str, epoch: int | None = None) -> str:
    return artifact_path("tables", "shapley", name, epoch, "parquet")


def figure(name: str | None, epoch: int | None = None) -> str:
    return artifact_path("figures", "shapley", name, epoch, "png")


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file of sentences of 3 to 8 words."""
    folder = tmp_path_factory.mktemp("reviews")
    draw = random.Random(0)
    words = ["a", "the", "film", "plot", "is", "was", "so", "and", "<i>"]
    lines = ["text,label"]
    for _ in range(120):
        word, label = draw.choice([("great", "pos"), ("dull", "neg")])
        lines.append(f"{' '.join(draw.choices(words, k=draw.randint(2, 7)))} {word},{label}")
    path = folder / "reviews.csv"
    path.write_text("\n".join(lines), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHYTRAIN_CACHE", str(folder / "cache"))
        yield path


def fit(
    path: Path, store: MemoryStore | None, *overrides: str, n_epochs: int = 1, resume: Path | None = None
) -> SimpleNamespace:
    """Fit the composed config with this callback as the only one."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(
            "train",
            [
                "data=csv",
                f"data.path={path}",
                "data.calibration_size=0",
                f"trainer.max_epochs={n_epochs}",
                "trainer.accelerator=cpu",
                "model.hidden_size=8",
                "model.embedding.size=8",
                *SMALL,
                *overrides,
            ],
        )
    check_config(
        OmegaConf.to_container(
            OmegaConf.masked_copy(config, ["seed", "observed_epochs", "callbacks", "explainer"]), resolve=True
        ),
        {"seed": int, "observed_epochs": int},
    )
    data = lm.TextData(instantiate(config.data), instantiate(config.tokenizer), seed=0)
    data.setup()
    torch.manual_seed(0)
    sizes = {
        "vocabulary_size": data.tokenizer.vocabulary_size,
        "n_classes": 2,
        "padding_id": data.tokenizer.padding_id,
    }
    module = lm.Classifier(
        interface_of(instantiate(config.model, **sizes), data.tokenizer, data.source.max_tokens),
        objective=Objective(instantiate(config.objective), data.token_kinds),
        optimizer=instantiate(config.optimizer),
        seed=0,
    )
    explanations = instantiate(config.callbacks.explanations)
    trainer = lm.make_trainer(instantiate(config.trainer), data, [explanations], lm.StoreLogger(store))
    trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True if resume else None)
    return SimpleNamespace(
        data=data,
        model=module.model,
        interface=module.interface,
        explanations=explanations,
        trainer=trainer,
    )


@pytest.fixture(scope="module")
def fitted(reviews: Path) -> tuple[SimpleNamespace, MemoryStore]:
    store = MemoryStore()
    return fit(reviews, store, "callbacks.explanations.displayed_sentences=2", n_epochs=2), store


def test_tables_hold_the_values_of_the_model_as_it_stands(
    fitted: tuple[SimpleNamespace, MemoryStore],
) -> None:
    done, store = fitted
    values, pairs, trees = (store.tables[table(name, 2)] for name in ("values", "interactions", "trees"))
    assert set(values["split"]) == {"train", "validation"}
    assert set(values["variant"]) == {"padding", "removed"}
    corpus, names = done.data.corpus, done.data.corpus.class_names
    for (sentence_id, split_name, kind), rows in values.groupby(["id", "split", "variant"]):
        split = corpus.train if split_name == "train" else corpus.validation
        row = split.ids.index(sentence_id)
        encoding = done.data.tokenizer.encode_words(split.texts[row], 128)
        coalitions = coalition_table(
            done.model, players_of(encoding, 128), removal_of(kind, done.interface), engine="direct"
        )
        v = payoffs(coalitions.logits, "log_odds", int(split.labels[row]))
        assert set(rows["class"]) == {names[split.labels[row]]}
        assert rows["word"].tolist() == list(encoding.words)
        # 1e-5: the callback shares prefixes, here every coalition is run; both in float32, values are < 10.
        np.testing.assert_allclose(rows["score"], shapley_values(v), atol=1e-5)
        np.testing.assert_allclose(rows["score"].sum(), v[-1] - v[0], atol=1e-5)
    n = values.groupby(["id", "split", "variant"]).size()
    assert len(pairs) == (n * (n - 1) // 2).sum()
    assert len(trees) == len(n)
    assert store.text_columns[table("values", 2)] == ("word",)
    assert store.text_columns[table("interactions", 2)] == ("first_word", "second_word")


def test_metrics_of_every_epoch_are_averages_over_the_training_sentences(
    fitted: tuple[SimpleNamespace, MemoryStore],
) -> None:
    _, store = fitted
    for epoch in (1, 2):
        values = store.tables[table("values", epoch)]
        for kind in ("padding", "removed"):
            chosen = values[(values["split"] == "train") & (values["variant"] == kind)]
            tops = [g["score"].abs().max() / g["score"].abs().sum() for _, g in chosen.groupby("id")]
            metrics = store.metrics[epoch]
            assert metrics[f"shapley/top1_share_{kind}"] == pytest.approx(np.mean(tops))
            assert metrics[f"shapley/top1_share_{kind}"] <= metrics[f"shapley/top2_share_{kind}"] <= 1
            assert 0 <= metrics[f"shapley/entropy_{kind}"] <= 1
            assert 0 <= metrics[f"shapley/middle_share_{kind}"] <= 1
            assert metrics[f"shapley/interaction_{kind}"] > 0
            assert -1 <= metrics[f"shapley/top_word_accuracy_loss_{kind}"] <= 1
        lengths = values.groupby(["id", "split", "variant"]).size()
        assert metrics["explanations/evaluations"] == (2**lengths).sum()
        assert metrics["explanations/sentences"] == len(values.groupby(["id", "split"])) == 7
    assert not store.params


def test_what_the_training_sentences_say_is_published(fitted: tuple[SimpleNamespace, MemoryStore]) -> None:
    done, store = fitted
    evidence = done.explanations.evidence.methods["shapley"]
    last = store.tables[table("values", 2)].query(
        "split == 'train'"
    )  # of the weights that the fit ended with
    assert len(evidence.sentences) == last.groupby(["id", "variant"]).ngroups
    for sentence in evidence.sentences:
        rows = last[(last["id"] == sentence.sentence_id) & (last["variant"] == sentence.variant)]
        np.testing.assert_allclose(sentence.scores, rows["score"], atol=1e-5)  # 1e-5: as above
        assert list(sentence.words) == rows["word"].tolist()
    pd.testing.assert_frame_equal(evidence.vocabulary, store.tables[table("vocabulary")])
    pd.testing.assert_frame_equal(evidence.pairs, store.tables[table("pairs")])
    assert store.text_columns[table("pairs")] == ("word_a", "word_b")
    assert done.explanations.evidence.attention is None  # model=bilstm pools the last states


def test_attention_is_published_where_there_is_any(reviews: Path) -> None:
    done = fit(reviews, MemoryStore(), "callbacks.explanations.budget=300", "model.pooling=attention")
    concentration = done.explanations.evidence.attention
    assert len(concentration) == 5
    assert ((concentration >= 0) & (concentration <= 1)).all()


def test_one_figure_an_epoch_and_all_of_them_at_the_end(fitted: tuple[SimpleNamespace, MemoryStore]) -> None:
    _, store = fitted
    of_epochs = [path for path in store.figures if "_epoch_" in path]
    assert of_epochs == [figure(None, 1), figure(None, 2)]
    kinds = ("importance", "network", "path", "tree")
    expected = {f"sentence_{i}_{kind}" for i in (1, 2) for kind in kinds} | {"parts", "word_trends"}
    expected |= {"corpus_path", "corpus_positions", "corpus_importance", "corpus_pairs"}
    assert set(store.figures) - set(of_epochs) == set(map(figure, expected))
    assert store.texts["reports/shapley.html"].startswith("<!DOCTYPE html>")
    vocabulary = store.tables[table("vocabulary")]
    assert set(vocabulary["class"]) == {"pos"}  # with two classes, all of it is told about one
    surely = (vocabulary["score"].abs() - vocabulary["standard_error"]).clip(lower=0).fillna(0)
    assert surely.is_monotonic_decreasing


def test_a_budget_is_never_exceeded_and_explains_the_same_on_any_machine(reviews: Path) -> None:
    stores = [MemoryStore(), MemoryStore()]
    for store in stores:
        fit(reviews, store, "callbacks.explanations.budget=200")
    first, second = (store.tables[table("values", 1)] for store in stores)
    pd.testing.assert_frame_equal(first, second)
    lengths = first.groupby(["id", "split", "variant"]).size()
    assert 0 < (2**lengths).sum() <= 200
    assert stores[0].metrics[1]["explanations/evaluations"] == (2**lengths).sum()
    with pytest.raises(ConfigError, match=r"budget=9: the first two sentences need \d+"):
        fit(reviews, MemoryStore(), "callbacks.explanations.budget=9")


def test_by_default_no_clock_decides(reviews: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = [MemoryStore(), MemoryStore()]
    fit(reviews, stores[0], n_epochs=2)
    real = time.perf_counter
    monkeypatch.setattr(
        time, "perf_counter", lambda: 1000 * real()
    )  # a machine that is a thousand times busier
    fit(reviews, stores[1], n_epochs=2)
    explained = [{path for path in store.tables if "/shapley/" in path} for store in stores]
    assert explained[0] == explained[1]
    for path in explained[0]:
        pd.testing.assert_frame_equal(stores[0].tables[path], stores[1].tables[path], check_exact=True)
    assert stores[0].tables[table("values", 1)].groupby(["id", "split"]).ngroups == 6  # all that were chosen


def test_the_best_weights_are_explained_in_full_whatever_the_budget(reviews: Path) -> None:
    store = MemoryStore()
    done = fit(
        reviews, store, "callbacks.explanations.budget=200", "callbacks.explanations.train_sentences=9"
    )
    explained = store.tables[table("values", 1)].groupby(["id", "split"]).ngroups
    sentences = {s.sentence_id for s in done.explanations.evidence.methods["shapley"].sentences}
    assert explained < 10
    assert len(sentences) == 9


def test_the_ranking_has_a_budget_of_its_own(reviews: Path) -> None:
    counts = []
    for budget in (7, 8, 100):
        store = MemoryStore()
        fit(reviews, store, f"callbacks.explanations.vocabulary_budget={budget}")
        counts.append(
            store.tables[table("vocabulary")]["count"].sum() if table("vocabulary") in store.tables else 0
        )
    # Nothing, one sentence of three words (2^3 evaluations), or twelve of these: the shortest come first.
    assert counts == [0, 3, 36]


def test_a_share_of_the_time_fixes_the_budget_for_a_resumed_run_too(
    reviews: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, again = MemoryStore(), MemoryStore()
    few = ("callbacks.explanations.time_share=0.00001", "callbacks.explanations.train_sentences=9")
    with caplog.at_level(logging.WARNING):
        done = fit(reviews, first, *few)
    assert "time_share=1e-05 allows" in caplog.text  # of so short an epoch: the least there is
    values = first.tables[table("values", 1)]
    lengths = values.groupby(["id", "split", "variant"]).size()
    assert values.groupby(["id", "split"]).ngroups == 2
    assert first.params == {"explanations/budget": str((2**lengths).sum())}
    checkpoint = tmp_path / "last.ckpt"
    done.trainer.save_checkpoint(checkpoint)
    resumed = fit(
        reviews, again, "callbacks.explanations.time_share=1", "seed=5", n_epochs=2, resume=checkpoint
    )
    assert resumed.explanations.budget.state() == done.explanations.budget.state()
    assert not again.params
    assert list(again.tables[table("values", 2)]["word"]) == list(values["word"])
    assert list(again.tables[table("values", 2)]["id"]) == list(values["id"])
    epochs = {row["epoch"] for row in resumed.explanations.state_dict()["trends"]}
    assert epochs == {1, 2}


def test_state_is_plain_and_survives_a_checkpoint(fitted: tuple[SimpleNamespace, MemoryStore]) -> None:
    state, buffer = fitted[0].explanations.state_dict(), io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    assert torch.load(buffer, weights_only=True) == state


def test_private_text_stays_out(reviews: Path) -> None:
    store = MemoryStore(log_text=False)
    done = fit(reviews, store, "callbacks.explanations.budget=3000")
    shown = store.texts["reports/shapley.html"] + "".join(store.tables[table("trees", 1)]["merges"])
    shown += "".join(
        text.get_text()
        for drawn in store.figures.values()
        for text in drawn.findobj(lambda a: hasattr(a, "get_text"))
    )
    assert "great" not in shown
    assert "film" not in shown
    assert {row["word"] for row in done.explanations.state_dict()["trends"]} >= {text_hash("great")}


def test_page_escapes_what_the_data_holds(fitted: tuple[SimpleNamespace, MemoryStore]) -> None:
    _, store = fitted
    displayed = store.tables[table("values", 2)].query("split == 'validation'")["word"]
    assert "<i>" not in store.texts["reports/shapley.html"]
    assert ("<i>" in set(displayed)) == ("&lt;i&gt;" in store.texts["reports/shapley.html"])


def test_without_a_store_nothing_is_done(reviews: Path) -> None:
    done = fit(reviews, None)
    assert done.explanations.evidence is None
    assert (done.explanations.state_dict()["rows"], done.explanations.state_dict()["trends"]) == ({}, [])


def test_texts_that_are_all_too_short_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "short.csv"
    path.write_text("text,label\n" + "\n".join(f"a {i},{'pn'[i % 2]}" for i in range(60)), "utf-8")
    store = MemoryStore()
    fit(path, store)
    for split in ("train", "validation"):
        assert f"no {split} text has 3 words, or a passage of 3 to 6" in caplog.text
    assert not store.tables


def test_of_texts_that_are_all_too_long_a_sentence_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    rows = [f"number {i} is a very long one. but this {i} fits.,{'pn'[i % 2]}" for i in range(60)]
    path.write_text("\n".join(["text,label", *rows]), "utf-8")
    store = MemoryStore()
    fit(path, store)
    explained = store.tables[table("values", 1)].groupby(["id", "variant"])["word"].agg(" ".join)
    assert len(explained)
    assert explained.str.fullmatch(r"but this \d+ fits\.").all()


def test_training_is_the_same_with_and_without_explanations(reviews: Path) -> None:
    fits = [
        fit(reviews, store, "callbacks.explanations.budget=300", n_epochs=2)
        for store in (None, MemoryStore())
    ]
    weights = [torch.cat([p.detach().flatten() for p in done.model.parameters()]) for done in fits]
    assert torch.equal(*weights)
