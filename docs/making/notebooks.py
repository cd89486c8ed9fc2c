"""The notebooks, run beside the tutorials, so that myst-nb finds them done; or alone, in whatever environment runs this.

cd docs; python -m making.notebooks
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import nbclient
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.read import myst_nb_reader_plugin

FOLDER = Path(__file__).parents[1] / "notebooks"
SECONDS = 1200  # of a cell: a busy machine may take long
_CACHE = Lock()  # its database is made when it is first used


def run_notebook(page: Path, kept: str) -> None:
    """Run a notebook, unless a folder keeps it as it was run.

    Raises:
        CellExecutionError: a cell fails.
    """
    cache, notebook = get_cache(kept), myst_nb_reader_plugin(str(page))
    with _CACHE, suppress(KeyError):
        cache.match_cache_notebook(notebook)
        return
    # Times would be kept with each cell, by which it is found again.
    nbclient.execute(notebook, cwd=str(page.parent), timeout=SECONDS, record_timing=False)
    with _CACHE:
        cache.cache_notebook_bundle(CacheBundleIn(notebook, str(page)), check_validity=False, overwrite=True)


if __name__ == "__main__":
    from making.films import write_films

    films = FOLDER.parent / "tutorials" / "films"
    films.mkdir(exist_ok=True)
    write_films(films)
    for page in sorted(FOLDER.glob("*.md")):
        with TemporaryDirectory() as folder:
            run_notebook(page, folder)
        print(f"{page.name}: every cell runs")
