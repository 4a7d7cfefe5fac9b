"""Work that is interrupted and taken up again: what is finished is kept, and never done twice.

`Work` is a folder of one run, locked while it is worked in; `Work.begin` compares its manifest and
gives the `Journal`, which keeps each finished part of an audit as a tile. `Keep` keeps nothing.
"""

from evenlight.journal.keep import Keep
from evenlight.journal.kept import Journal
from evenlight.journal.manifests import digest_of, manifest
from evenlight.journal.work import Work

__all__ = ["Journal", "Keep", "Work", "digest_of", "manifest"]
