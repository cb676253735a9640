"""Sphinx configuration of the documentation; `make docs` builds it."""

import vaelab

project = "vaelab"
author = "The vaelab authors"
release = version = vaelab.__version__
html_title = f"vaelab {release}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
exclude_patterns = ["images"]
default_role = "code"  # docstrings write names in single backticks, as Markdown does

myst_heading_anchors = 3

add_module_names = False
autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
