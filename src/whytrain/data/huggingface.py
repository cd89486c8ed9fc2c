"""Data sets of the Hugging Face hub, or folders of them: splits and columns are found, and said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whytrain.data.corpus import Corpus
from whytrain.data.files import RawTable, joined, kind_of, raw_table, read_table
from whytrain.data.files.columns import found_columns
from whytrain.data.files.read import SUFFIXES
from whytrain.data.labeled_rows import labeled_corpus
from whytrain.data.source import Source
from whytrain.errors import DataError
from whytrain.tasks import CLASSIFICATION, Task

# How data sets call them, the first that is there counts.
SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "eval"),
    "test": ("test", "testing"),
}


@dataclass(frozen=True, kw_only=True)
class HuggingFace(Source):
    """Sentences and labels of a data set of the hub, of `save_to_disk`, or a folder of its files.

    Attributes:
        name: on the hub, such as `fancyzhx/ag_news`; or a folder.
        config: which part of a data set that has several; or None.
        train_split: as `validation_split` and `test_split` the name of a split; None to find it. Without
            validation it is 10% of train; no test set is made.
        text_column: as `label_column` the name of a column; None to find it.
        id_column: name of the column of ids, or None for the number of the row.
        merge_labels: see `LabelNames`.
    """

    name: str
    config: str | None
    train_split: str | None
    validation_split: str | None
    test_split: str | None
    text_column: str | None
    label_column: str | None
    id_column: str | None
    merge_labels: bool

    def prepare(self) -> None:
        """Fetch what the hub has into its cache.

        Raises:
            DataError: it is out of reach.
        """
        if not Path(self.name).expanduser().exists():
            hub_dataset(self.name, self.config)

    def load(self, task: Task = CLASSIFICATION) -> Corpus:
        """Return the corpus.

        Raises:
            DataError: there is no such data set, split or column, or it cannot be told which is meant.
        """
        splits = self._splits()
        names = self._chosen(list(splits))
        tables = {stage: splits[name] for stage, name in names.items()}
        train = tables["train"]
        text, label = found_columns(
            train, text=self.text_column, label=self.label_column, id_column=self.id_column
        )
        notices = [
            f"{self.name}: the text is in column {text}, the {task.noun} in {label}; "
            f"{', '.join(f'{stage} is split {name}' for stage, name in names.items())}."
        ]
        for stage in ("validation", "test"):
            if stage in tables and all(value is None for value in tables[stage].columns.get(label, [0])):
                notices.append(f"{self.name}: split {names[stage]} has no labels and is left out.")
                del tables[stage]
        return labeled_corpus(
            self,
            "huggingface",
            tables,
            text_column=text,
            label_column=label,
            id_column=self.id_column,
            merge_labels=self.merge_labels,
            task=task,
            notices=tuple(notices),
        )

    def _splits(self) -> Mapping[str, RawTable]:
        folder = Path(self.name).expanduser()
        if folder.is_file():
            raise DataError(f"data.name={self.name} is a file; use data=csv data.path={self.name}.")
        if not folder.is_dir():
            return _tables(hub_dataset(self.name, self.config), self.name)
        if (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file():
            return _saved(folder)
        return _folder_of_files(folder, self.config)

    def _chosen(self, names: list[str]) -> dict[str, str]:
        """Return the split of each stage; there is always one for training."""
        chosen = {}
        given = {"train": self.train_split, "validation": self.validation_split, "test": self.test_split}
        for stage, name in given.items():
            found = name or next((known for known in SPLITS[stage] if known in names), None)
            if stage == "train" and found is None and len(names) == 1:
                found = names[0]
            if (found is None and stage == "train") or (found is not None and found not in names):
                raise DataError(
                    f"data.{stage}_split={found or 'null'}: {self.name} has the splits {', '.join(names)}; "
                    "name one of them."
                )
            if found is not None:
                chosen[stage] = found
        return chosen


def hub_dataset(name: str, config: str | None = None) -> Mapping[str, Any]:
    """Return a data set of the hub by split, from its cache where the hub is out of reach.

    Raises:
        DataError: it is in neither place, has several configs, or code of its own.
    """
    import datasets
    from huggingface_hub import HfApi

    was_offline = datasets.config.HF_HUB_OFFLINE
    try:
        try:
            HfApi().dataset_info(name, timeout=10)
        except Exception:  # out of reach, in one of the client's ways: look in its cache, without its retries
            datasets.config.HF_HUB_OFFLINE = True
        found: Mapping[str, Any] = datasets.load_dataset(name, *([config] if config else []))
        return found
    except Exception as error:  # whatever the hub's client raises
        said = " ".join(str(error).split())
        if "available configs" in said or "BuilderConfig" in said:
            raise DataError(f"data.name={name}: set data.config ({said[:200]}).") from error
        raise DataError(
            f"{name} is no folder, out of reach on the hub and not in its cache ({type(error).__name__}); "
            "set data.name to a folder, or use data=csv with a file."
        ) from error
    finally:
        datasets.config.HF_HUB_OFFLINE = was_offline


def _saved(folder: Path) -> Mapping[str, RawTable]:
    import datasets

    try:
        found = datasets.load_from_disk(str(folder))
    except Exception as error:  # of a library that raises its own and others'
        raise DataError(
            f"{folder} cannot be read as a data set ({type(error).__name__}); save_to_disk writes it anew."
        ) from error
    return _tables(found if isinstance(found, Mapping) else {"train": found}, str(folder))


def _tables(splits: Mapping[str, Any], name: str) -> Mapping[str, RawTable]:
    found = {}
    for split, dataset in splits.items():
        table = dataset.with_format("arrow")[:]
        described = table.replace_schema_metadata(dataset.features.arrow_schema.metadata)
        found[str(split)] = raw_table(described, f"{name} ({split})")
    return found


def _folder_of_files(folder: Path, config: str | None) -> Mapping[str, RawTable]:
    """Read a folder of files as the hub does: the split is in a file's name or in that of its folder."""
    root = folder if config is None else folder / config
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and kind_of(path) in SUFFIXES]
    files = [path for path in files if not any(part.startswith(".") for part in path.relative_to(root).parts)]
    if kinds := {kind_of(path) for path in files} - {".json"}:  # .json may be what describes the others
        files = [path for path in files if kind_of(path) in kinds]
    if not files:
        raise DataError(f"{root} has no {', '.join(SUFFIXES)} file; give a folder with files of rows.")
    parts: dict[str, list[Path]] = {}
    for path in files:
        parts.setdefault(_split_of(path.relative_to(root)), []).append(path)
    homes = sorted({path.parent.relative_to(root).as_posix() for path in files} - {".", "data"})
    known = {name for names in SPLITS.values() for name in names}
    if config is None and len(homes) > 1 and not set(homes) <= known:
        raise DataError(f"{folder} has several configs; set data.config to one of {', '.join(homes)}.")
    return {split: joined([read_table(path) for path in paths]) for split, paths in parts.items()}


def _split_of(path: Path) -> str:
    words = re.split(r"[^a-z]+", path.as_posix().lower())
    return next((stage for stage, names in SPLITS.items() if set(names) & set(words)), "train")
