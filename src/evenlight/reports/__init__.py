"""The report: an audit record as one self-contained page.

`build` gives the page as text, `write` puts it and its figures into a folder, `index` leads to
several audits, `translate` writes page and summary in another language. Nothing here runs a model.
"""

from evenlight.reports.files import write
from evenlight.reports.page import build, index
from evenlight.reports.sections import SECTIONS
from evenlight.reports.translated import translate

__all__ = ["SECTIONS", "build", "index", "translate", "write"]
