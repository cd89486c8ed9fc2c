"""What a training learns from earlier runs: read from a store, fitted to the data, and refused in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch
from explained_runs import config_of, track_explained_run
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from small_runs import SMALL

from whytrain import lightning_modules as lm
from whytrain.attribution.ask import Ask
from whytrain.attribution.gradients.input_x_gradient import InputXGradient
from whytrain.attribution.target import ClassTarget
from whytrain.attribution.units import players_in
from whytrain.commands import train
from whytrain.errors import ConfigError, TrackingError
from whytrain.models import teacher as teachers
from whytrain.models.bilstm import BiLSTM
from whytrain.models.saved import SavedModel
from whytrain.models.teacher import answers, load_teacher
from whytrain.objectives.augmentation import joined_texts
from whytrain.runs.marks import log_marks
from whytrain.runs.model import log_model
from whytrain.runs.provenance import log_provenance
from whytrain.runs.ranking import word_sizes
from whytrain.shortcuts import Mark, write_marks
from whytrain.tracking.reader import find_run
from whytrain.tracking.store import Store

GUIDED = ("guidance.run=base", "guidance.mask=0.5", "guidance.top_words=6")
TAUGHT = (
    "model=bilstm_kd",
    "distillation.teacher=bert",
    "tokenizer=bert",
    "tokenizer.name_or_path=bert",
    "distillation.augmentation.joined=0",
)
WITHOUT_WORDPIECE = tuple(word for word in SMALL if not word.startswith("tokenizer"))


def built(*words: str, small: tuple[str, ...] = SMALL) -> tuple[lm.TextData, lm.Classifier]:
    return train.build(config_of(*words, small=small))


@pytest.fixture
def make_run(workspace: Path) -> Callable[..., str]:
    """`track_explained_run` in the workspace."""
    return track_explained_run


def first_batch(data: lm.TextData) -> Any:
    return next(iter(data.train_dataloader()))


def test_a_runs_ranking_guides_training(make_run):
    make_run()
    data, module = built(*GUIDED, "guidance.mask=1.0", "guidance.upweight=3.0")
    assert data.guidance is not None
    read = data.train_dataloader().epoch_of(0)[0]
    hidden = {
        word
        for row, text in enumerate(data.corpus.train.texts)
        if data.tokenizer.mask_id in read.sentence(row)
        for word in text.split()
    }
    assert hidden & {"great", "dull", "lovely"}
    shown = {
        word for ids in map(read.sentence, range(len(read))) for word in data.tokenizer.tokens(ids.tolist())
    }
    assert shown.isdisjoint({"great", "dull", "lovely"})
    weights = module.objective.row_weights
    assert weights is not None
    assert torch.nonzero(weights > weights.min()).flatten().tolist() == [0, 1]
    for words in ((), ("guidance.run=base",)):  # nothing is switched on, nothing is read
        plain, objective = built(*words)
        assert (plain.guidance, objective.objective.row_weights) == (None, None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["data.split_seed=1"],
            r"^guidance.run=base had other data \(fingerprint \w{8}, here \w{8}\): give a run",
        ),
        (["tokenizer.lowercase=false"], r"^guidance.run=base had other tokenizer"),
    ],
)
def test_a_run_of_other_data_or_tokenizer(make_run, words, message):
    make_run()
    with pytest.raises(ConfigError, match=message):
        built(*GUIDED, *words)


def test_a_run_of_the_same_data_before_labels_were_corrected(make_run, workspace):
    run_id = make_run()
    data, _ = built()
    row, label = data.corpus.train.ids[0], data.corpus.class_names[1 - data.corpus.train.labels[0]]
    (workspace / "fix.csv").write_text(f"id,label\n{row},{label}\n")
    fixed = ("data.corrections=fix.csv",)
    guided = built(*GUIDED, *fixed)[0]
    assert guided.guidance is not None
    assert guided.corpus.fingerprint != data.corpus.fingerprint == guided.corpus.given_fingerprint
    # A run with corrections guides one without, with others, and none of other data.
    store = Store.start(instantiate(config_of().tracking), run_name="base", tags={}, run_id=run_id)
    log_provenance(store, guided.corpus, guided.tokenizer.fingerprint)
    store.close("FINISHED")
    assert built(*GUIDED)[0].guidance is not None
    assert built(*GUIDED, *fixed)[0].guidance is not None
    with pytest.raises(ConfigError, match=r"^guidance.run=base had other data"):
        built(*GUIDED, *fixed, "data.split_seed=1")


def test_a_run_that_explained_nothing(make_run):
    make_run(tables=False)
    for words, table in (
        (["guidance.mask=0.5"], "shapley/vocabulary"),
        (["guidance.synonyms=0.5"], "shapley/pairs"),
        (["guidance.upweight=2.0"], "surrogate/disagreement"),
    ):
        with pytest.raises(
            ConfigError, match=rf"^guidance.run=base: give a run trained with .*no tables/{table}\.parquet"
        ):
            built("guidance.run=base", *words)


def test_a_run_that_keeps_its_words_private(make_run):
    make_run("tracking.log_text=false")
    with pytest.raises(
        ConfigError, match=r"^guidance.run=base kept its words private .* use guidance.upweight"
    ):
        built(*GUIDED)
    assert built("guidance.run=base", "guidance.upweight=2.0")[1].objective.row_weights is not None


def test_a_run_that_is_not_there(make_run):
    make_run()
    with pytest.raises(TrackingError, match=r"there is no run 'bas' .* close to it: base"):
        built("guidance.run=bas", "guidance.mask=0.5")


def test_marks_of_a_file_and_of_a_diagnosis(make_run, workspace):
    marks = [Mark(words=("great", "dull"), reason="a test")]
    write_marks(marks, workspace / "marks.yaml")
    data, _ = built("guidance.marks=marks.yaml", "guidance.swap=1.0")
    texts = data.corpus.train.texts
    read = [data.train_dataloader().epoch_of(epoch)[0] for epoch in range(2)]
    before = data.encoded("train")
    changed = {
        row
        for split in read
        for row in range(len(before))
        if list(split.sentence(row)) != list(before.sentence(row))
    }
    assert changed
    assert all({"great", "dull"} & set(texts[row].split()) for row in changed)

    make_run()
    with pytest.raises(
        ConfigError, match=r"^guidance.run=base: give a run trained with .* finds a shortcut; .*marks"
    ):
        built("guidance.run=base", "guidance.marks=found", "guidance.delete=1.0")
    run = find_run(f"sqlite:///{workspace / 'mlruns' / 'mlflow.db'}", "base")
    store = Store.start(instantiate(config_of().tracking), run_name="base", tags={}, run_id=run.run_id)
    log_marks(store, marks)
    store.close("FINISHED")
    data, _ = built("guidance.run=base", "guidance.marks=found", "guidance.delete=1.0")
    split = data.train_dataloader().epoch_of(0)[0]
    shown = {
        word for row in range(len(split)) for word in data.tokenizer.tokens(split.sentence(row).tolist())
    }
    assert shown.isdisjoint({"great", "dull"})
    assert "lovely" in shown


def test_marks_that_cannot_be_used(workspace):
    with pytest.raises(ConfigError, match=r"^guidance.marks=none.yaml does not exist"):
        built("guidance.marks=none.yaml", "guidance.swap=1.0")
    (workspace / "marks.yaml").write_text("- words: [graet]")
    with pytest.raises(ConfigError, match=r"^guidance.marks: the word 'graet' stands nowhere .* do: great"):
        built("guidance.marks=marks.yaml", "guidance.swap=1.0")
    (workspace / "marks.yaml").write_text("- words: [great, dull]")
    marked = ("guidance.marks=marks.yaml",)
    taught = ("model=bilstm_kd", "distillation.teacher=bert")
    for words, says in (
        (
            (*taught, "guidance.counterfactuals=1"),
            "guidance.counterfactuals makes rows that the teacher has not",
        ),
        (
            (*taught, "distillation.attention=0.5", "guidance.swap=1.0"),
            "distillation.attention compares attention token by token, and guidance changes the words",
        ),
    ):
        with pytest.raises(ConfigError, match=f"^{says}"):
            built(*marked, *words)


def test_rows_that_a_run_gets_wrong_weigh_more(make_run):
    run_id = make_run(tables=False)
    config = config_of()
    data, _ = train.build(config)
    saved = log_a_model(config, data, run_id, ("bad", "good"))
    wrong = saved.probabilities(data.corpus.train.texts).argmax(axis=1) != data.corpus.train.labels
    weights = built("guidance.run=base", "guidance.upweight_errors=6.0")[1].objective.row_weights
    expected = np.where(wrong, 6.0, 1.0) / np.where(wrong, 6.0, 1.0).mean()
    assert 0 < wrong.sum() < len(wrong)
    assert weights.tolist() == pytest.approx(expected.tolist())


def log_a_model(config: Any, data: lm.TextData, run_id: str, class_names: tuple[str, str]) -> SavedModel:
    """Log an untrained model on a run."""
    arguments: dict[str, Any] = dict(config.model) | {"embedding": {"size": 8, "pretrained": None}}
    arguments.pop("_target_")
    arguments |= data.model_sizes
    torch.manual_seed(1)
    model = BiLSTM(**arguments).eval()
    saved = SavedModel(model=model, tokenizer=data.tokenizer, class_names=class_names, max_tokens=20)
    store = Store.start(instantiate(config.tracking), run_name="logged", tags={}, run_id=run_id)
    log_model(store, saved, class_path="whytrain.models.bilstm.BiLSTM", arguments=arguments)
    store.close("FINISHED")
    return saved


@pytest.fixture
def bert(workspace: Path, bert_folder: Path) -> Path:
    shutil.copytree(bert_folder, workspace / "bert")
    return workspace / "bert"


def test_kept_answers_are_fresh_ones_in_the_order_of_the_rows(bert, monkeypatch):
    data, module = built(*TAUGHT, "distillation.attention=0.5", small=WITHOUT_WORDPIECE)
    learned = module.objective.distillation
    assert learned is not None
    texts = data.corpus.train.texts
    teacher = load_teacher(bert, 128)
    assert teacher.max_tokens == 40  # it has no more positions
    torch.testing.assert_close(
        learned.logits.double(), torch.from_numpy(teacher.logits(texts)), rtol=1e-4, atol=1e-5
    )
    for row in (0, 7, len(texts) - 1):
        ids = torch.from_numpy(data.encoded("train").sentence(row).astype(np.int64))[None]
        with torch.no_grad():
            alone = teacher.model.inspect(teacher.model.embed(ids), None).attention
        batch = data.encoded("train").batch(np.array([row]))
        torch.testing.assert_close(learned.of_tokens(learned.attention, batch), alone, rtol=1e-4, atol=1e-6)

    monkeypatch.setattr(teachers, "answers", lambda *args, **kwargs: pytest.fail("asked again"))
    again = built(*TAUGHT, "distillation.attention=0.5", small=WITHOUT_WORDPIECE)[1].objective.distillation
    assert torch.equal(again.logits, learned.logits)
    assert torch.equal(again.attention, learned.attention)
    monkeypatch.undo()
    weights = bert / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1  # another teacher
    weights.write_bytes(bytes(content))
    asked = []
    monkeypatch.setattr(teachers, "answers", lambda *args, **kw: asked.append(1) or answers(*args, **kw))
    monkeypatch.chdir(bert.parent)
    built(*TAUGHT, "distillation.attention=0.5", small=WITHOUT_WORDPIECE)
    assert asked == [1]


def test_kept_attributions_are_what_the_explainer_says(bert):
    data, module = built(*TAUGHT, "distillation.attributions=0.5", small=WITHOUT_WORDPIECE)
    learned = module.objective.distillation
    assert learned.attention is None
    teacher = load_teacher(bert, 128)
    teacher.model.eval()
    for row in (0, 7, len(data.corpus.train) - 1):
        batch = data.encoded("train").batch(np.array([row]))
        kept = learned.of_tokens(learned.attributions, batch)[0].numpy()
        index = int(learned.logits[row].argmax())
        # The teacher's classes in the data's order are its own.
        target = ClassTarget(name="", index=index, payoff="log_odds")
        units = players_in(data.corpus.train.texts[row], teacher.tokenizer, 40, "word")
        expected = InputXGradient()(Ask(teacher.interface, units), target, seed=0)[0].scores
        np.testing.assert_allclose(units.sums(kept), expected, rtol=1e-3, atol=1e-5)


def test_augmented_sentences_are_labeled_by_the_teacher(bert):
    words = ("distillation.augmentation.copies=2", "distillation.augmentation.mask=0.5")
    data, module = built(*TAUGHT, *words, small=WITHOUT_WORDPIECE)
    learned, n = module.objective.distillation, len(data.corpus.train)
    assert len(learned.logits) == len(data.training) > 1.5 * n
    assert len(data.encoded("train")) == n
    assert np.array_equal(data.training.encoded.labels[:n], data.corpus.train.labels)
    assert np.array_equal(data.training.encoded.labels[n:], learned.logits[n:].argmax(dim=1).numpy())
    ids = torch.from_numpy(data.training.encoded.sentence(n).astype(np.int64))[None]
    with torch.no_grad():
        answer = load_teacher(bert, 128).model(ids, None)  # the tokenizers are the same, [MASK] included
    torch.testing.assert_close(learned.logits[n], answer[0], rtol=1e-4, atol=1e-5)
    rows = np.concatenate([batch.rows for batch in data.train_dataloader()])
    assert sorted(rows.tolist()) == list(range(len(data.training)))


def test_a_tracked_run_teaches_whatever_the_order_of_its_classes(make_run, workspace):
    run_id = make_run(tables=False, name="teacher")
    config = config_of()
    data, _ = train.build(config)
    saved = log_a_model(config, data, run_id, ("good", "bad"))
    learned = built("model=bilstm_kd", "distillation.teacher=teacher")[1].objective.distillation
    expected = saved.logits(data.corpus.train.texts)[:, ::-1].copy()
    assert data.corpus.class_names == ("bad", "good")
    of_train = learned.logits[: len(data.corpus.train)]
    torch.testing.assert_close(of_train.double(), torch.from_numpy(expected), rtol=1e-4, atol=1e-5)


def test_joined_sentences_are_labeled_by_the_teacher(bert):
    data, module = built(*TAUGHT, "distillation.augmentation.joined=2", small=WITHOUT_WORDPIECE)
    learned, n = module.objective.distillation, len(data.corpus.train)
    assert len(learned.logits) == len(data.training) == 3 * n
    texts = joined_texts(data.corpus.train.texts, 2 * n, data.source.split_seed)
    expected = load_teacher(bert, 128).logits(texts)
    torch.testing.assert_close(learned.logits[n:].double(), torch.from_numpy(expected), rtol=1e-4, atol=1e-5)
    assert np.array_equal(data.training.encoded.labels[n:], expected.argmax(axis=1))


def test_runs_of_all_seeds_ask_the_teacher_the_same_sentences(bert, monkeypatch):
    asked = []
    answer = teachers.answers
    monkeypatch.setattr(teachers, "answers", lambda *a, **k: asked.append(a[1]) or answer(*a, **k))
    words = [f"distillation.augmentation.{key}" for key in ("joined=1", "copies=2", "mask=0.5")]
    for seed in range(3):
        built(*TAUGHT, *words, f"seed={seed}", small=WITHOUT_WORDPIECE)
    assert len(asked) == 1
    built(*TAUGHT, *words, "data.split_seed=1", small=WITHOUT_WORDPIECE)
    assert len(asked) == 2


def test_several_teachers_teach_what_they_say_on_average(make_run, bert, workspace):
    run_id = make_run(tables=False, name="second")
    config = config_of()
    data, _ = train.build(config)
    second = log_a_model(config, data, run_id, ("good", "bad"))
    words = ("model=bilstm_kd", "distillation.teacher=[bert,second]", "distillation.augmentation.copies=1")
    taught, module = built(*words, "distillation.augmentation.mask=0.0")
    n, learned = len(data.corpus.train), module.objective.distillation
    texts = data.corpus.train.texts
    expected = (load_teacher(bert, 128).logits(texts) + second.logits(texts)[:, ::-1]) / 2
    torch.testing.assert_close(learned.logits[:n].double(), torch.from_numpy(expected), rtol=1e-4, atol=1e-5)
    assert len(learned.logits) == len(taught.training) > 2 * n
    assert np.array_equal(taught.training.encoded.labels[n:], learned.logits[n:].argmax(dim=1).numpy())
    with pytest.raises(TrackingError, match=r"there is no run 'nobody'"):
        built("model=bilstm_kd", "distillation.teacher=[bert,nobody]")


def test_teachers_attend_on_average(bert, workspace):
    shutil.copytree(bert, workspace / "other")
    weights = safetensors.torch.load_file(bert / "model.safetensors")
    changed = {name: 3 * w if ".query." in name else w for name, w in weights.items()}
    safetensors.torch.save_file(changed, workspace / "other" / "model.safetensors", {"format": "pt"})

    def taught(teacher):
        words = (
            "model=bilstm_kd",
            f"distillation.teacher={teacher}",
            *TAUGHT[2:],
            "distillation.attention=0.5",
        )
        return built(*words, small=WITHOUT_WORDPIECE)[1].objective.distillation

    one, other, both = (taught(teacher) for teacher in ("bert", "other", "[bert,other]"))
    assert (one.attention - other.attention).abs().max() > 0.01
    torch.testing.assert_close(both.attention, (one.attention + other.attention) / 2)
    torch.testing.assert_close(both.logits, (one.logits + other.logits) / 2)


def test_reasons_are_of_one_teacher(bert):
    with pytest.raises(
        InstantiationException, match=r"distillation.attributions: a teacher's reasons are for the class"
    ):
        built("model=bilstm_kd", "distillation.teacher=[bert,bert]", "distillation.attributions=1.0")


def test_teachers_that_do_not_fit(bert, workspace, caplog):
    with pytest.raises(
        ConfigError,
        match=r"^distillation.attention compares attention token by token, but the teacher bert has",
    ):
        built("model=bilstm_kd", "distillation.teacher=bert", "distillation.attention=1.0")
    (workspace / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"^distillation.teacher=empty: expected a folder with model.yaml"):
        built("model=bilstm_kd", "distillation.teacher=empty")
    with pytest.raises(TrackingError, match=r"there is no run 'nobody'"):
        built("model=bilstm_kd", "distillation.teacher=nobody")
    with pytest.raises(
        ConfigError, match=r"^distillation.attention is above 0, but the student BiLSTM shows no attention"
    ):
        built(*TAUGHT, "distillation.attention=1.0", "model.pooling=mean", small=WITHOUT_WORDPIECE)
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(
        json.dumps({k: v for k, v in config.items() if k not in ("id2label", "label2id")})
    )
    built(*TAUGHT, small=WITHOUT_WORDPIECE)
    assert "nobody named the classes of the teacher bert; they are taken as bad, good" in caplog.text
    (bert / "config.json").write_text(json.dumps(config))
    reviews = pd.read_csv(workspace / "reviews.csv").replace({"good": "fine"})
    reviews.to_csv(workspace / "reviews.csv", index=False)
    with pytest.raises(
        ConfigError, match=r"knows the classes bad, good, the data has bad, fine: give a teacher"
    ):
        built("model=bilstm_kd", "distillation.teacher=bert")


def test_of_several_classes_the_largest_size_counts() -> None:
    table = pd.DataFrame(
        {
            "class": ["a", "b", "a", "b"],
            "word": ["great", "great", "dull", "dull"],
            "score": [1.0, -3.0, 2.0, 0.5],
            "standard_error": [0.5, 0.5, 0.25, 0.25],
        }
    )
    assert word_sizes(table) == {"great": 2.5, "dull": 1.75}
