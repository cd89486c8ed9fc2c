"""The card of an exported model: what it tells apart, how well, and how it is asked."""

from __future__ import annotations

import yaml

from whytrain.data.label_names import few_of
from whytrain.metrics import METRICS
from whytrain.models.saved import SavedModel
from whytrain.tracking.reader import RunRecord

_ASK_HUGGINGFACE = """\
```python
from transformers import pipeline

classify = pipeline("text-classification", "PATH_OR_NAME")
classify("a short example sentence")
```"""
_ASK_ONNX = """\
```python
import json, numpy, onnxruntime, tokenizers

tokenizer = tokenizers.Tokenizer.from_file("tokenizer.json")
ids = numpy.array([tokenizer.encode("a short example sentence").ids])  # at most max_tokens of config.json
session = onnxruntime.InferenceSession("model.onnx")
[logits] = session.run(["logits"], {"token_ids": ids, "mask": numpy.ones_like(ids, dtype=bool)})
print(json.load(open("config.json"))["class_names"][logits[0].argmax()])
```"""


def model_card(run: RunRecord, saved: SavedModel, form: str) -> str:
    """Return a card in Markdown, with the head that the hub reads.

    Args:
        run: that trained the model.
        saved: the model.
        form: `huggingface` or `onnx`.
    """
    is_library = form == "huggingface"
    head = {"pipeline_tag": "text-classification", "tags": ["text-classification", "whytrain"]}
    head |= {"library_name": "transformers" if is_library else "onnx"}
    classes = few_of(saved.class_names)
    told = "tells apart" if saved.task.exclusive else "finds any of"
    return "\n".join(
        [
            "---",
            yaml.safe_dump(head, sort_keys=False).strip(),
            "---",
            "",
            f"# {run.name}",
            "",
            f"A classifier of texts that {told}: {classes}. It reads the first {saved.max_tokens} tokens of "
            f"a text. Trained with whytrain, run {run.run_id}.",
            "",
            *_results(run),
            "The numbers are of the data that the run was trained and checked on; other texts may fare "
            "worse. Probabilities are the model's own, without the correction that the run may have fitted.",
            "",
            "## Ask it",
            "",
            _ASK_HUGGINGFACE if is_library else _ASK_ONNX,
            "",
        ]
    )


def _results(run: RunRecord) -> list[str]:
    """Return a table of what the run measured; nothing where it measured nothing."""
    stages = [name for name in ("best", "test") if _measured(run, name)]
    rows = [
        f"| {metric.label} | {' | '.join(_shown(run, stage, metric.name) for stage in stages)} |"
        for metric in METRICS
        if any(f"{stage}/{metric.name}" in run.metrics for stage in stages)
    ]
    if not rows:
        return []
    titles = {"best": "validation", "test": "test"}
    head = f"| metric | {' | '.join(titles[stage] for stage in stages)} |"
    floor = run.metrics.get("floor/accuracy")
    said = [] if floor is None else [f"A bag of words reaches an accuracy of {floor:.3f} on validation.", ""]
    return ["## Results", "", head, f"| --- |{' --- |' * len(stages)}", *rows, "", *said]


def _measured(run: RunRecord, stage: str) -> bool:
    return any(key.startswith(f"{stage}/") and key != f"{stage}/epoch" for key in run.metrics)


def _shown(run: RunRecord, stage: str, name: str) -> str:
    value = run.metrics.get(f"{stage}/{name}")
    return "" if value is None else f"{value:.3f}"
