"""Models of Hugging Face transformers behind the one contract (extra `hf`).

From local folders of safetensors, configs, or modules in memory: nothing is ever downloaded, no
pickle is read and no code that a folder brings along is run. `sequences`, `ranked_genes` and
`binned_genes` read tokens, `images` and `zero_shot` read images, `segmented` a region of one. Each
gives an `Adapted` for `explain`, `audit` and every probe. transformers is imported in `library.py`
alone, when it is first needed.
"""
