"""A logged model answers the texts of a request, whatever its form, each in its own row."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from small import BILSTM, bilstm_arguments, small_bilstm, wordpiece_tokenizer

from whytrain.calibration.confidence import fit_confidence
from whytrain.models.saved import SavedModel, save_model
from whytrain.runs.model import as_pyfunc
from whytrain.tracking.models.package import package_model

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

ARGUMENTS = bilstm_arguments(vocabulary_size=8, n_classes=2)
METHODS = {
    "shapley": {
        "_target_": "whytrain.attribution.shapley.explainer.Shapley",
        "absences": None,
        "exact_words": 6,
        "budget": 500,
    }
}
CONFIDENCE = fit_confidence(
    np.random.default_rng(0).normal(size=(200, 2)),
    np.random.default_rng(1).integers(0, 2, 200),
    label_smoothing=0.0,
    alpha=0.1,
    class_conditional=False,
    risk=0.1,
    delta=0.1,
)


@pytest.fixture(scope="module")
def saved() -> SavedModel:
    """A model that tells `good` (class pos) from `bad` (class neg), so that a wrong row shows."""
    model = small_bilstm(**ARGUMENTS)
    tokenizer = wordpiece_tokenizer(["good", "bad", "film"], template=False)
    saved = SavedModel(
        model=model.eval(),
        tokenizer=tokenizer,
        class_names=("neg", "pos"),
        max_tokens=8,
        confidence=CONFIDENCE,
        explainers=METHODS,
    )
    lean = np.diff(saved.logits(["bad", "good"]))[:, 0]  # towards pos
    model.classifier.weight.data *= np.sign(lean[1] - lean[0])
    model.classifier.bias.data[1] -= np.diff(saved.logits(["bad", "good"])).mean()
    return saved


@pytest.fixture(scope="module")
def model(saved: SavedModel, tmp_path_factory: pytest.TempPathFactory) -> PyFuncModel:
    """The same, saved and loaded by MLflow."""
    folder = tmp_path_factory.mktemp("served")
    save_model(folder / "best", saved, class_path=BILSTM, arguments=ARGUMENTS)
    package_model(as_pyfunc(folder / "best", saved), folder / "package")
    import mlflow.pyfunc  # after the above, which silences what MLflow warns of when it is imported

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", list(sys.path))  # to which MLflow adds the model's code
        return mlflow.pyfunc.load_model(str(folder / "package"))


def served(model: PyFuncModel, body: Any, content_type: str = "application/json") -> list[dict[str, Any]]:
    """Answer a request as `mlflow models serve` does."""
    from mlflow.pyfunc.scoring_server import invocations

    sent = body if isinstance(body, str) else json.dumps(body)
    answer = invocations(sent, content_type, model, model.metadata.get_input_schema())
    assert answer.status == 200
    rows: list[dict[str, Any]] = json.loads(answer.response)["predictions"]
    return rows


TEXTS = ["good", "bad", "good"]
LABELS = ["pos", "neg", "pos"]


@pytest.mark.parametrize(
    "request_",
    [
        TEXTS,
        np.array(TEXTS),
        np.array(TEXTS, dtype=object)[:, None],
        [[text] for text in TEXTS],
        pd.Series(TEXTS),
        pd.Series(TEXTS, name="sentence").astype("category"),
        pd.DataFrame({"sentence": TEXTS}),
        pd.DataFrame({"id": ["bad", "bad", "bad"], "text": TEXTS}),
        pd.DataFrame({"text": TEXTS, "label": ["bad", "bad", "bad"]}),
        {"text": TEXTS},
        {"id": ["bad", "good", "bad"], "text": TEXTS},
        [{"id": 1, "text": text} for text in TEXTS],
    ],
    ids=lambda value: type(value).__name__,
)
def test_texts_are_found_in_each_form(model: PyFuncModel, saved: SavedModel, request_: Any) -> None:
    assert saved.predict(TEXTS)["label"].tolist() == LABELS  # else the following says nothing
    pd.testing.assert_frame_equal(model.predict(request_), saved.predict(TEXTS))


@pytest.mark.parametrize("request_", ["good", {"text": "good"}, {"id": "bad", "text": "good"}])
def test_one_text(model: PyFuncModel, request_: Any) -> None:
    assert model.predict(request_)["label"].tolist() == ["pos"]


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([2, 0, 1]),
        pd.Index(["c", "a", "b"], name="key"),
        pd.Index([7, 7, 7]),
        pd.MultiIndex.from_tuples([("x", 2), ("x", 1), ("y", 1)]),
    ],
)
def test_the_index_is_kept(model: PyFuncModel, index: pd.Index) -> None:
    frame = pd.DataFrame({"text": TEXTS}, index=index)
    for request in (frame, frame["text"]):
        for params in ({}, {"explain": "shapley"}):
            answers = model.predict(request, params=params)
            pd.testing.assert_index_equal(answers.index, index)
            assert answers["label"].tolist() == LABELS


def test_labels_of_a_shuffled_frame(model: PyFuncModel) -> None:
    frame = pd.DataFrame({"text": ["good", "bad"] * 5, "expected": ["pos", "neg"] * 5})
    shuffled = frame.sample(frac=1, random_state=0)
    shuffled["label"] = model.predict(shuffled[["text"]])["label"]
    assert shuffled["label"].tolist() == shuffled["expected"].tolist()


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_missing_texts_are_answered_with_nulls(model: PyFuncModel, saved: SavedModel, missing: Any) -> None:
    frame = pd.DataFrame({"text": ["bad", missing, "None"]}, index=[5, 3, 4], dtype=object)
    answers = model.predict(frame, params={"explain": "shapley"})
    assert answers.index.tolist() == [5, 3, 4]
    assert answers.loc[3].isna().all()
    numbers = answers.select_dtypes("float64")
    assert list(numbers) == ["probability", "probability_neg", "probability_pos", "calibrated_probability"]
    for name in set(answers) - set(numbers):
        assert answers.loc[3, name] is None
    given = answers.loc[[5, 4]].reset_index(drop=True)
    expected = saved.predict(["bad", "None"])
    expected = expected.astype({"abstain": object}).replace({"abstain": {pd.NA: None}})
    pd.testing.assert_frame_equal(given[list(expected)], expected, check_dtype=False)
    assert given["words"].tolist() == [["bad"], ["None"]]


def test_nothing_but_missing_texts(model: PyFuncModel) -> None:
    for column in ([None, None], [np.nan, np.nan], pd.array([pd.NA, pd.NA], dtype="string")):
        answers = model.predict(pd.DataFrame({"text": column}))
        assert len(answers) == 2
        assert answers.isna().all(axis=None)


@pytest.mark.parametrize(
    "request_", [[], pd.Series([], dtype=object), pd.DataFrame({"text": []}), pd.DataFrame(), {"text": []}]
)
def test_an_empty_batch(model: PyFuncModel, saved: SavedModel, request_: Any) -> None:
    answers = model.predict(request_)
    assert len(answers) == 0
    pd.testing.assert_series_equal(answers.dtypes, saved.predict(["good"]).dtypes)
    explained = model.predict(request_, params={"explain": "shapley"})
    assert list(explained) == [*answers, "explained", "words", "scores"]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (
            pd.DataFrame({"id": ["a"], "body": ["good"]}),
            "expected a column named text, or only one column; got the columns: id, body",
        ),
        (pd.DataFrame(index=[0, 1]), "got the columns: none"),
        (pd.DataFrame([["good", "bad"]], columns=["text", "text"]), "got the columns: text, text"),
        (np.array([["good", "bad"]]), "got the columns: 0, 1"),
        (pd.DataFrame({"text": [1, 2]}), "expected a text in each row of the column text; got 1 in row 0"),
        (["good", None, 2.5], "got 2.5 in row 2, counted from 0"),
        ([b"good"], "got b'good' in row 0"),
        (pd.DataFrame({"text": [["good", "bad"]]}), r"got \['good', 'bad'\] in row 0"),
    ],
)
def test_what_holds_no_texts_is_refused_in_one_line(model: PyFuncModel, request_: Any, said: str) -> None:
    with pytest.raises(Exception, match=said) as caught:
        model.predict(request_)
    assert type(caught.value).__name__ == "DataError"  # the class of the model's own code
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": ["good", None, "bad"]},
        {"inputs": {"id": ["bad", "good", "good"], "text": ["good", None, "bad"]}},
        {"inputs": [{"text": "good"}, {"text": None}, {"text": "bad"}]},
        {"instances": ["good", None, "bad"]},
        {"instances": [{"text": "good"}, {"text": None}, {"text": "bad"}]},
        {
            "dataframe_split": {
                "columns": ["id", "text"],
                "data": [["bad", "good"], ["bad", None], ["good", "bad"]],
                "index": [2, 0, 1],
            }
        },
        {
            "dataframe_records": [
                {"id": "bad", "text": "good"},
                {"id": "bad", "text": None},
                {"id": 1, "text": "bad"},
            ]
        },
    ],
    ids=lambda body: next(iter(body)),
)
def test_what_a_server_is_sent(model: PyFuncModel, body: dict[str, Any]) -> None:
    rows = served(model, body)
    assert [row["label"] for row in rows] == ["pos", None, "neg"]
    assert rows[1]["abstain"] is None
    explained = served(model, body | {"params": {"explain": "shapley"}})
    assert [row["words"] for row in explained] == [["good"], None, ["bad"]]


def test_a_table_that_a_server_is_sent(model: PyFuncModel) -> None:
    rows = served(model, "id,text\nbad,good\ngood,\ngood,bad\n", "text/csv")
    assert [row["label"] for row in rows] == ["pos", None, "neg"]


@pytest.mark.parametrize(
    "body",
    [{"inputs": []}, {"dataframe_records": []}, {"dataframe_split": {"columns": ["text"], "data": []}}],
)
def test_a_server_is_sent_nothing(model: PyFuncModel, body: dict[str, Any]) -> None:
    assert served(model, body) == []


def test_the_example_shows_the_form(model: PyFuncModel) -> None:
    assert list(model.input_example) == ["text"]
    assert len(model.predict(model.input_example)) == 1


def test_where_no_threshold_keeps_the_risk_a_server_says_nothing_of_abstaining(model: PyFuncModel) -> None:
    assert [row["abstain"] for row in served(model, {"instances": ["good", "bad"]})] == [None, None]
