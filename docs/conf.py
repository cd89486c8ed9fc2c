"""How Sphinx builds the site: make docs."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]
os.environ["PYTHONPATH"] = str(HERE.parent / "src")  # of the notebooks' kernels
os.environ.setdefault("OMP_NUM_THREADS", "1")

from making.executed import program_key  # noqa: E402

project, author, copyright = "whytrain", "The whytrain authors", "The whytrain authors, Apache-2.0"
release = version = "0.2.0"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "making.executed",
    "making.generated",
]
exclude_patterns = ["_build", "making", "figures/README.md", "**.ipynb_checkpoints"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type"]

# making.executed runs the notebooks, anew unless they and the program are as they were; here they are found done.
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "notebooks" / program_key())
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # as written: `os.environ`, not what is in it
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "whytrain"
html_static_path = ["static"]
html_extra_path = ["_build/extra"]  # the page of a run, as it is
(HERE / "_build" / "extra").mkdir(parents=True, exist_ok=True)
html_css_files = ["site.css"]
html_show_sphinx = False
smartquotes = False  # --help is no dash
html_copy_source = False
copybutton_exclude = ".linenos, .gp, .go"
