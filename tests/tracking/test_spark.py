"""What docs/other_tools.md says of Spark, where pyspark is installed."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from small import BILSTM, bilstm_arguments, small_bilstm, wordpiece_tokenizer
from tracking_processes import settings_in

from whytrain.models.saved import SavedModel
from whytrain.runs.model import log_model
from whytrain.tracking.reader import find_run
from whytrain.tracking.store import Store


def test_spark_udf_takes_what_the_docs_give_it() -> None:
    import mlflow.pyfunc

    parameters = inspect.signature(mlflow.pyfunc.spark_udf).parameters
    assert list(parameters)[:2] == ["spark", "model_uri"]
    assert {"result_type", "env_manager"} <= parameters.keys()


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning")  # Spark's own, of pandas 3
def test_a_frame_of_spark(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = pytest.importorskip("pyspark.sql")
    import mlflow

    arguments = bilstm_arguments(vocabulary_size=10, n_classes=2, dropout=0.1)
    tokenizer = wordpiece_tokenizer(["a", "good", "bad", "film", "not"])
    saved = SavedModel(
        model=small_bilstm(**arguments), tokenizer=tokenizer, class_names=("bad", "good"), max_tokens=9
    )
    settings = settings_in(root)
    store = Store.start(settings, run_name="one", tags={})
    log_model(store, saved, class_path=BILSTM, arguments=arguments)
    store.close("FINISHED")
    [model_id] = find_run(settings.address, "one").model_ids
    mlflow.set_tracking_uri(settings.address)
    spark = sql.SparkSession.builder.master("local[1]").getOrCreate()
    try:
        classify = mlflow.pyfunc.spark_udf(
            spark,
            f"models:/{model_id}",
            result_type="label string, probability double",
            env_manager="local",
        )
        texts = ["good film", "not a bad film"]
        frame = spark.createDataFrame([(1, texts[0]), (2, texts[1]), (3, None)], "id int, text string")
        f = sql.functions
        answer = f.when(f.col("text").isNotNull(), classify(f.struct("text")))
        answered = frame.withColumn("answer", answer).select("id", "answer.*")
        rows = sorted(answered.collect())
    finally:
        spark.stop()
        mlflow.set_tracking_uri(None)
    expected = saved.predict(texts)
    assert [row.label for row in rows] == [*expected["label"], None]
    assert rows[2].probability is None
    assert [row.probability for row in rows[:2]] == pytest.approx(expected["probability"].tolist())
