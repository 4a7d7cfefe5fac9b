"""The audit as others want it: one function a form, from the record and its folder to files.

Each takes (audit, folder) and gives names below the folder with what belongs into them; `folder`
already holds the record and the page. The crate is last, since it lists all others.
"""

from evenlight.reports.exporters.export import FORMATS, export
from evenlight.reports.exporters.statement import signed

__all__ = ["FORMATS", "export", "signed"]
