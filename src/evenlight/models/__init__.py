"""One contract for any model: rows in, margin and response out, the model handed back as it was."""
