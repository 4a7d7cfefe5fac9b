"""The report: an audit record as one self-contained page.

`build` gives the page as text, `write` puts it and its figures into a folder, `index` leads to
several audits. Nothing here runs a model.
"""

from evenlight.reports.files import write
from evenlight.reports.page import build, index
from evenlight.reports.sections import SECTIONS

__all__ = ["SECTIONS", "build", "index", "write"]
