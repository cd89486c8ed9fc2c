"""Movie-review sentences rated by 15 to 29 people each (Hutto and Gilbert, 2014): the embedded default."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from whytrain.data.assembly import assemble, parts_of
from whytrain.data.cache import cache_directory, exclusive, staged
from whytrain.data.corpus import Corpus, Split
from whytrain.data.label_names import LabelNames
from whytrain.data.outside import RowReader
from whytrain.data.source import Source
from whytrain.errors import DataError
from whytrain.tasks import CLASSIFICATION, Task

REQUIREMENT = "vaderSentiment==3.3.2"
ARCHIVE = "vaderSentiment-3.3.2.tar.gz"
SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
INNER_ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
SENTENCES = "movieReviewSnippets_GroundTruth.txt"
RATINGS = "movieReviewSnippets_anonDataRatings.txt"
CLASS_NAMES = ("negative", "positive")
VALIDATION_SHARE = TEST_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class Snippets(Source):
    """10,605 sentences from PyPI's source distribution of vaderSentiment 3.3.2 (MIT license).

    Each was rated from -4 to 4 by 15 to 29 people. The label is the sign of the mean; the 37 sentences
    with a mean of exactly 0 are dropped. The human distribution is the raters' split: the share who
    rated above 0 and the share who rated below, where a rating of exactly 0 counts half for each.
    """

    one_class = True

    def prepare(self) -> None:
        """Download the source distribution into the cache folder, unless it is there.

        Raises:
            DataError: if the package index is out of reach, or what came has another SHA-256.
        """
        path = cache_directory() / "snippets" / ARCHIVE
        if path.is_file():
            return
        with exclusive(path):
            if not path.is_file():
                with staged(path) as staging:
                    _download(staging)
                    _check_hash(staging / ARCHIVE)

    def load(self, task: Task = CLASSIFICATION) -> Corpus:
        """Return the corpus, split 80/10/10 into train, validation and test.

        Raises:
            DataError: if the file in the cache is not the one that was published.
            ConfigError: if the task is not classification.
        """
        self.check(task)
        self.prepare()
        path = cache_directory() / "snippets" / ARCHIVE
        _check_hash(path)
        rows, n_zeros = _parse(*_extract(path))
        shares = (VALIDATION_SHARE, TEST_SHARE)
        train, validation, test = (rows.select(part) for part in parts_of(rows, shares, self.split_seed))
        notices = (f"{n_zeros:,} of {len(rows) + n_zeros:,} sentences were dropped: their mean rating is 0.",)
        return assemble(
            self,
            "snippets",
            CLASS_NAMES,
            train=train,
            validation=validation,
            test=test,
            notices=notices,
            reader=RowReader(names=LabelNames.numbered(CLASS_NAMES)),
        )


def _download(folder: Path) -> None:
    """Fetch the archive with pip, which checks its hash before it runs the setup that is in there."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{REQUIREMENT} --hash=sha256:{SHA256}\n")
    options = [
        "--disable-pip-version-check",
        "--no-deps",
        "--no-binary",
        "vaderSentiment",
        "--require-hashes",
    ]
    if find_spec("setuptools") is not None:  # else pip fetches it first, which takes five times as long
        options.append("--no-build-isolation")
    result = subprocess.run(  # nothing of a user's is in the command
        [
            *(sys.executable, "-m", "pip", "download", *options),
            *("--dest", str(folder), "--requirement", str(requirements)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if (folder / ARCHIVE).is_file():
        return
    lines = result.stderr.strip().splitlines() or ["no message"]
    said = ([line for line in lines if line.startswith("ERROR:")] or lines)[-1].removeprefix("ERROR:")
    raise DataError(
        f"{REQUIREMENT} could not be downloaded (pip: {said.strip().split('. ')[0]}); check the "
        f"network, put {ARCHIVE} into {cache_directory() / 'snippets'}, or use data=csv."
    )


def _check_hash(path: Path) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        raise DataError(f"{path} has the SHA-256 {found}, expected {SHA256}; delete it to download it again.")


def _extract(path: Path) -> tuple[str, str]:
    """Return the file of sentences and the file of ratings, out of an archive in an archive."""
    with tarfile.open(path) as outer:
        content = io.BytesIO(_member(outer, INNER_ARCHIVE))
    with tarfile.open(fileobj=content) as inner:
        paths = {Path(name).name: name for name in inner.getnames()}
        return _member(inner, paths[SENTENCES]).decode(), _member(inner, paths[RATINGS]).decode()


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()


def _parse(sentences: str, ratings: str) -> tuple[Split, int]:
    """Return the rows with a mean other than 0, and how many have one of 0.

    Args:
        sentences: lines of id, mean rating, text.
        ratings: lines of id, mean, standard deviation, list of whole ratings in [-4, 4].
    """
    raters = {
        fields[0]: json.loads(fields[3]) for fields in (line.split("\t") for line in ratings.splitlines())
    }
    ids: list[str] = []
    texts: list[str] = []
    labels: list[int] = []
    human: list[float] = []
    means: list[float] = []
    counts: list[int] = []
    n_zeros = 0
    for line in sentences.split("\r\n"):
        identifier, _, text = line.split("\t")
        given = raters[identifier]
        if sum(given) == 0:  # exact: ratings are whole numbers
            n_zeros += 1
            continue
        ids.append(f"snippet-{identifier}")
        texts.append(text)
        labels.append(int(sum(given) > 0))
        human.append(positive_share(given))
        means.append(sum(given) / len(given))
        counts.append(len(given))
    share = np.array(human)
    split = Split(
        ids=ids,
        texts=texts,
        labels=np.array(labels, dtype=np.int64),
        human=np.stack([1 - share, share], axis=1),
        columns={"mean_rating": means, "raters": counts},
    )
    return split, n_zeros


def positive_share(ratings: list[int]) -> float:
    """Return the share of raters above 0, a rating of exactly 0 counted half.

    >>> positive_share([2, 1, 0, -3])
    0.625
    """
    return sum((rating > 0) + (rating == 0) / 2 for rating in ratings) / len(ratings)
