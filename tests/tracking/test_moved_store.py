"""A folder of runs that was moved, renamed or copied is read and written where it is now."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from small import BILSTM, bilstm_arguments, small_bilstm, wordpiece_tokenizer
from tracking_processes import settings_in

from whytrain.errors import MissingRunError, TrackingError
from whytrain.models.saved import SavedModel
from whytrain.runs.model import log_model, read_model
from whytrain.tracking.connection import connect
from whytrain.tracking.maintenance import replay, usage
from whytrain.tracking.quick_look import begins, known_run, short_id
from whytrain.tracking.reader import download, experiment_runs, find_run, read_table
from whytrain.tracking.store import Store


@pytest.fixture(autouse=True)
def as_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let MLflow remember no place of a run's files, as a new process would not."""
    from mlflow.tracking._tracking_service import utils

    class Forgetful(dict[str, object]):
        def get(self, *_: object) -> None:
            return None

    monkeypatch.setattr(utils, "_artifact_repos_cache", Forgetful())


def track(root: Path, name: str) -> Store:
    store = Store.start(settings_in(root), run_name=name, tags={})
    store.log_metrics({"a": 1.0}, step=1)
    store.log_table(pd.DataFrame({"a": [1, 2]}), "t")
    store.log_text(name, "name.txt")
    store.close("FINISHED")
    return store


@pytest.mark.parametrize("is_copied", [False, True], ids=["moved", "copied"])
def test_artifacts_are_read_where_they_are(root: Path, tmp_path: Path, is_copied: bool) -> None:
    first = root / "first"
    first.mkdir()
    shutil.move(root / "mlruns", first / "mlruns")
    run_id = track(first, "one").run_id
    second = tmp_path / "second place, 50% new"
    (shutil.copytree if is_copied else shutil.move)(first, second, *([True] if is_copied else []))
    address = settings_in(second).address
    run = find_run(address, "one")
    assert run.run_id == run_id
    assert read_table(run, "t")["a"].tolist() == [1, 2]
    place = second / "mlruns" / "artifacts" / run_id / "artifacts"
    assert download(run, "name.txt").read_text() == "one"
    # What is changed there is changed there alone.
    (place / "name.txt").write_text("changed")
    assert download(find_run(address, "one"), "name.txt").read_text() == "changed"
    later = track(second, "later")
    assert (second / "mlruns" / "artifacts" / later.run_id / "artifacts" / "name.txt").is_file()
    assert not (first / "mlruns" / "artifacts" / later.run_id).exists()
    again = Store.start(settings_in(second), run_name="one", tags={}, run_id=run_id)
    again.log_text("again", "again.txt")
    again.close("FINISHED")
    assert (place / "again.txt").read_text() == "again"
    if is_copied:
        assert download(find_run(settings_in(first).address, "one"), "name.txt").read_text() == "one"
    assert {size.info.run_name for size in usage(second / "mlruns")} == {"one", "later"}


def test_the_model_moves_too_and_a_resumed_run_has_one(root: Path, tmp_path: Path) -> None:
    arguments = bilstm_arguments(vocabulary_size=10, n_classes=2, dropout=0.1)
    tokenizer = wordpiece_tokenizer(["a", "good", "bad", "film", "not"])
    saved = SavedModel(
        model=small_bilstm(**arguments), tokenizer=tokenizer, class_names=("bad", "good"), max_tokens=9
    )
    (root / "first").mkdir()
    shutil.move(root / "mlruns", root / "first" / "mlruns")
    settings, run_id = settings_in(root / "first"), None
    for _ in range(2):  # as a run that was killed after its model was logged, and resumed
        store = Store.start(settings, run_name="one", tags={}, run_id=run_id)
        log_model(store, saved, class_path=BILSTM, arguments=arguments)
        store.close("FINISHED")
        run_id = store.run_id
    shutil.move(root / "first", tmp_path / "second")
    settings = settings_in(tmp_path / "second")
    run = find_run(settings.address, "one")
    client = connect(settings.address)
    [model] = client.search_logged_models([client.get_experiment_by_name("tests").experiment_id])
    assert run.model_ids == (model.model_id,)
    assert str(model.status) == "READY"
    texts = ["good film", "not a bad film"]
    pd.testing.assert_frame_equal(read_model(run).predict(texts), saved.predict(texts))


def test_a_spool_is_sent_to_where_the_store_is(root: Path, tmp_path: Path) -> None:
    database = root / "mlruns" / "mlflow.db"
    aside = database.rename(database.with_name("aside"))
    database.mkdir()  # no database can be opened here
    store = Store.start(settings_in(root), run_name="spooled", tags={})
    store.log_text("x", "x.txt")
    store.close("FINISHED")
    assert store.summary() is not None
    database.rmdir()
    aside.rename(database)
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.move(root / "mlruns", moved / "mlruns")
    [result] = replay(moved / "mlruns", None, None)
    assert result.error is None
    assert download(find_run(settings_in(moved).address, "spooled"), "x.txt").read_text() == "x"
    assert not (root / "mlruns").exists()


def test_a_folder_elsewhere_that_was_chosen_stays(root: Path, tmp_path: Path) -> None:
    """A database in one place and the folder of the runs in another are no moved store."""
    uri = f"sqlite:///{root / 'mlruns' / 'mlflow.db'}"
    (root / "mlruns" / "artifacts").mkdir()
    settings = settings_in(tmp_path / "elsewhere", uri)
    store = Store.start(settings, run_name="apart", tags={})
    store.log_text("x", "x.txt")
    store.close("FINISHED")
    assert download(find_run(settings.address, "apart"), "x.txt").read_text() == "x"
    assert (tmp_path / "elsewhere" / "mlruns" / "artifacts" / store.run_id).is_dir()
    assert list((root / "mlruns" / "artifacts").iterdir()) == []


def test_files_that_are_gone_with_their_folder_are_told_with_what_to_do(root: Path, tmp_path: Path) -> None:
    """Of a database of one's own, beside which no artifacts are, nothing can tell where they went."""
    database = tmp_path / "own" / "runs.db"
    database.parent.mkdir()
    shutil.copy(root / "mlruns" / "mlflow.db", database)
    settings = replace(settings_in(root), uri=f"sqlite:///{database}")
    store = Store.start(settings, run_name="one", tags={})
    store.log_table(pd.DataFrame({"a": [1]}), "t")
    store.close("FINISHED")
    place = root / "mlruns"
    shutil.move(place, tmp_path / "elsewhere")
    told = rf"^run one: its files are expected in {place}, which is not there; move that folder back, or put a link"
    with pytest.raises(TrackingError, match=told):
        find_run(settings.address, "one")
    [run] = experiment_runs(settings.address, settings.experiment)  # it hides no others
    for read in (lambda: download(run, "x.txt"), lambda: read_table(run, "t")):
        with pytest.raises(TrackingError, match=told):
            read()
    place.symlink_to(tmp_path / "elsewhere")
    assert read_table(find_run(settings.address, "one"), "t")["a"].tolist() == [1]


def test_an_unknown_run_is_told_without_mlflow(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    track(root, "first")
    run_id = track(root, "second").run_id
    address = settings_in(root).address
    monkeypatch.setattr("whytrain.tracking.reader.connect", None)  # nobody asks MLflow
    assert known_run(address, "second") == known_run(address, run_id) == run_id
    assert known_run(address, short_id(run_id)) == known_run(address, run_id[:6]) == run_id
    assert known_run(address, "local-unknown") == "local-unknown"
    with pytest.raises(MissingRunError, match=r"^there is no run 'secnd' at sqlite:.*; close to it: second$"):
        find_run(address, "secnd")
    with pytest.raises(MissingRunError, match=r"; the newest are: second, first$"):
        find_run(address, "0" * 32)
    with pytest.raises(MissingRunError, match=r"^there is no run"):
        find_run(address, run_id[:5])  # too short to be meant as an id
    with pytest.raises(MissingRunError, match=r"^there are no tracked runs at sqlite:.*none.db: train one"):
        known_run(f"sqlite:///{root / 'none.db'}", "first")
    assert known_run("http://127.0.0.1:1", "only a server can tell") == "only a server can tell"


def test_a_beginning_of_an_id_stands_for_it_where_no_other_id_begins_so() -> None:
    ids = ["0123456789abcdef" * 2, "0123456f89abcdef" * 2]
    assert begins("01234567", ids) == ids[0]
    assert begins("abcdef", ids) is None
    with pytest.raises(
        MissingRunError, match=r"^2 runs have ids that begin with 012345; give more of it: 0123"
    ):
        begins("012345", ids)


def test_only_ids_are_shortened() -> None:
    assert short_id("0123456789abcdef" * 2) == "01234567"
    for other in ("baseline-of-march", "local-0123456789abcdef"):
        assert short_id(other) == other


def test_a_server_tells_whose_id_begins_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = track(root, "first").run_id
    # As where only MLflow can tell.
    monkeypatch.setattr("whytrain.tracking.reader.known_run", lambda uri, said: said)
    address = settings_in(root).address
    assert find_run(address, short_id(run_id)).run_id == run_id
    unlike = "0" if run_id[0] != "0" else "1"
    with pytest.raises(MissingRunError, match=r"^there is no run"):
        find_run(address, unlike + run_id[1:8])


def test_a_name_is_taken_before_the_beginning_of_an_id(root: Path) -> None:
    run_id = track(root, "first").run_id
    named = track(root, short_id(run_id)).run_id
    assert known_run(settings_in(root).address, short_id(run_id)) == named
    assert find_run(settings_in(root).address, run_id[:9]).run_id == run_id
