"""The page of what a run holds: read from a run that the tutorials trained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from making.markdown import code, page, table
from whytrain.tracking.reader import find_run
from whytrain.tracking.tables import SCHEMA_KEY

# By topic; `NAME` stands for a method of explainer=.
TOPICS = {
    "calibration": "How far confidence can be trusted: by bin of confidence, by slice of the data, as trained and corrected.",
    "confusion_matrix": "Which classes are taken for which.",
    "confidence": "What the model says of single sentences, and how surely.",
    "data": "The sentences that were judged; predictions refer to them by id.",
    "diagnosis": "Every value that a detector looked at, what it is held against, and the rows behind it.",
    "evidence": "What the detectors need to look again: `whytrain diagnose`.",
    "explanations": "What explaining cost: evaluations of the model, and sentences.",
    "history": "Loss, accuracy and seconds of every batch.",
    "labels": "Scores of each label (`task=multilabel`).",
    "loop": "What the arms of the closed loop changed.",
    "model": "The model's layers.",
    "predictions": "Every validation sentence's label, probabilities and logits: what comparisons pair on.",
    "scores": "What `whytrain score` found: every method by every score, with intervals.",
    "shapley": "What a method of `explainer=` says of the explained sentences, and of words over many; one topic per method.",
    "shortcuts": "What the model leans on, and what the check sample says of it.",
    "surrogate": "The two simple copies: how faithful they are, weights and rules.",
    "sweep": "One row per job of a sweep.",
}
# Of metrics, by what their names begin with; those of `val/`, `best/`, … are on the page of metrics.
METRICS = {
    "best/": "the epoch whose weights were kept",
    "calibration/": "calibration error and its noise floor, the temperature, coverage and size of conformal sets, the "
    "share of answers that keep the error rate asked for",
    "check/": "the check sample, `data.check_path`",
    "continued/": "`continue_from`: before and after, on the earlier rows and on the new ones",
    "diagnosis/": "the measured value of every detector, and `diagnosis/findings`, how many are findings",
    "evaluation/": "the rows of `data.evaluation_paths`, by their name",
    "explanations/": "evaluations of the model spent on explanations, and sentences explained",
    "fairness/": "how far the answer moves, and how often it turns, where a word that says who somebody is becomes another "
    "of its kind",
    "floor/": "the bag of words",
    "last/": "the last epoch",
    "loop/": "differences between the arms of a closed loop",
    "robustness/": "what is lost without the words that decide (`experiment=closed_loop`)",
    "shapley/": "numbers over the explained sentences: how concentrated, how well values add up; one topic per method",
    "shortcuts/": "evaluations spent on looking for shortcuts, and how many were found",
    "surrogate/": "how faithful the simple copies are, beside their floors",
    "test/": "the test set",
    "time/": "seconds: of an epoch, of each observer per epoch (`…_s`), at the end (`…_end_s`) and together (`…_total_s`), of all",
    "tokens/": "shares of tokens that are unknown, and of texts and tokens that are cut, by split",
    "train/": "the training rows, as seen while training",
    "val/": "the validation rows",
}


def records_page(workspace: Path) -> str:
    """Return the page of artifacts, tables and metrics, as the run `first` of a tutorial's folder holds them."""
    folder = artifact_folder(workspace, "first")
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    others = [path for path in files if path.parts[0] not in {"tables", "images", "figures"}]
    metrics = sorted(find_run(f"sqlite:///{workspace}/mlruns/mlflow.db", "first").metrics)
    if unknown := [name for name in metrics if not name.startswith(tuple(METRICS))]:
        raise LookupError(f"metrics {', '.join(unknown)}: say in docs/making/records.py what they are of")
    return page(
        "Tables and artifacts of a run",
        "As the run `first` of [the first tutorial](../tutorials/own_csv.md) holds them; other settings add others. "
        "`read_…` functions of `whytrain.runs` read tables back, and refuse those of a newer schema. A table of up to "
        "2,000 rows lies there as CSV, too. With `tracking.log_text=false` hashes stand for all text.",
        "## Tables",
        *_table_sections(folder / "tables"),
        "## Other files",
        table(
            ["file", ""], [(code(name), _FILES.get(name, "")) for name in dict.fromkeys(map(_kind, others))]
        ),
        "Figures are in the [gallery](../gallery/index.md).",
        "## Metrics",
        table(["name", "of"], [(code(f"{start}…"), what) for start, what in METRICS.items()]),
        "This run logged:\n\n" + ", ".join(map(code, metrics)) + ".",
    )


def artifact_folder(workspace: Path, run_name: str) -> Path:
    """Return the folder of a run's artifacts."""
    run = find_run(f"sqlite:///{workspace}/mlruns/mlflow.db", run_name)
    return workspace / "mlruns" / "artifacts" / run.run_id / "artifacts"


def _table_sections(folder: Path) -> Iterator[str]:
    for topic in sorted(path for path in folder.iterdir() if path.is_dir()):
        if topic.name not in TOPICS:
            raise LookupError(f"tables/{topic.name}: say in docs/making/records.py what it is")
        yield f"### {topic.name}\n\n{TOPICS[topic.name]}"
        kinds = {_kind(path.relative_to(folder)): path for path in sorted(topic.glob("*.parquet"))}
        rows = []
        for kind, path in kinds.items():
            schema = pq.read_schema(path)
            version = (schema.metadata or {}).get(SCHEMA_KEY, b"1").decode()
            columns = ", ".join(f"`{field.name}` {field.type}" for field in schema)
            rows.append((code(f"tables/{kind}"), version, columns))
        yield table(["file", "schema", "columns"], rows)


def _kind(path: Path) -> str:
    """Return a file's name without what counts epochs or names runs."""
    return re.sub(r"(epoch[_-])\d+", r"\1NNN", path.as_posix())


_FILES = {
    "checkpoints/best.ckpt": "the weights that were kept, and what training needs to go on",
    "checkpoints/epoch-NNN.safetensors": "the weights of some epochs: `whytrain inspect analysis=[examples]`",
    "config/config.yaml": "the resolved config",
    "config.yaml": "the resolved config",
    "diagnosis/corrections.csv": "rows whose label is doubted; edited, it is `data.corrections=FILE` of the next run",
    "diagnosis/findings.json": "the findings, for programs",
    "diagnosis/identity_marks.yaml": "words that say who somebody is and must not decide: `guidance.marks=found`",
    "diagnosis/marks.yaml": "what must not decide, as found: `guidance.marks=found`",
    "diagnosis/overrides.yaml": "what the findings recommend: `from_diagnosis=RUN`",
    "diagnosis/rules.yaml": "the rules that decided",
    "environment.txt": "the versions of all packages",
    "overrides.yaml": "the words of the command line",
    "reports/diagnosis.html": "the findings, for people",
    "reports/run.html": "the run's page",
}
