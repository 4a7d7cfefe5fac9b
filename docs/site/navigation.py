"""In which order the pages of the site stand; a page that is missing here ends the build."""

from __future__ import annotations

ROOMS = {
    "data": (
        "People, features and records",
        "A cohort and its roles, and what every verb returns.",
    ),
    "modalities": ("Readers", "Outside formats become a cohort."),
    "models": ("Models", "One contract for any model, and models from files."),
    "explainers": ("Explaining", "What each feature adds to each row's output."),
    "probes": ("Probes", "Everything else that calls a model."),
    "measures": ("Measures", "Records in, records out: what is asked of groups."),
    "audits": ("Audits", "The whole at once: plan, record, report, and what follows."),
    "modules": ("Modules", "Rooms that are used by their own names."),
}
"""Pages of the reference: name -> (title, one sentence). A name's room is where its code lies."""

PAGES = {
    "Begin": ("quickstart", "guide_analysis", "guide_audit_step", "guide_regulatory", "faq"),
    "Evidence": ("findings", "qualify", "number"),
    "Data": (
        "anndata", "names", "genotypes", "populations", "sequences", "images", "scans",
        "demographics",
    ),
    "Models": ("models", "images_models", "transformers", "embeddings", "coming_from_shap"),
    "Method": (
        "statistics", "explain", "attribution", "compare", "leaning", "holds", "images_explain",
        "images_compare", "images_contrasts",
    ),
    "Reading and keeping": ("report", "figures", "frameworks", "between"),
    "Running": ("plan", "cli", "pipelines", "resuming", "trust"),
    "Examples": (
        "examples/warfarin", "examples/expression", "examples/genotypes", "examples/both",
        "examples/hospital", "examples/cells", "examples/chest_xrays", "examples/does_it_hold",
        "examples/published", "examples/audit_step", "examples/sequence_model",
        "examples/cell_transformer", "examples/perturbation_response", "examples/studies",
    ),
    "Reference": tuple(f"reference/{room}" for room in ROOMS),
    "The code": ("house",),
}  # fmt: skip
"""Lists of the bar at the side: caption -> pages."""
