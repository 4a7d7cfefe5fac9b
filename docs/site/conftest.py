"""The files beside this one make the site; pytest looks for examples in the pages only."""

collect_ignore_glob = ["*.py"]
