"""The figures, one function each: the same in a notebook and in the report.

Each takes a record, draws on `ax` or on the axes of a new figure, and returns the axes; each has a
twin ending in `_text` that says in words what the picture shows. Figures for notebooks only
(beeswarm, waterfall, embedded, locus, overlay, ranking: `evenlight.pl`) have none, and no report
draws them.
"""

from evenlight.figures.agreement import rank_curve, rank_text
from evenlight.figures.association import (
    association_points,
    association_scatter,
    association_text,
)
from evenlight.figures.beeswarm import beeswarm
from evenlight.figures.calibration import calibration, calibration_text
from evenlight.figures.densities import cells_of_groups, cells_of_values, strips
from evenlight.figures.dependence import dependence, dependence_text
from evenlight.figures.dose import dose_response, dose_text
from evenlight.figures.dots import dots, dots_text
from evenlight.figures.embedding import embedded_groups, embedded_values
from evenlight.figures.flow import flow, flow_conditions, flow_text
from evenlight.figures.forest import forest, forest_rows, forest_text
from evenlight.figures.importance import importance, importance_text
from evenlight.figures.leakage import leakage_bars, leakage_text
from evenlight.figures.local_ancestry import local_ancestry, local_ancestry_text
from evenlight.figures.locus import locus
from evenlight.figures.map_pictures import overlay
from evenlight.figures.maps import difference_map, maps_text, mean_maps
from evenlight.figures.person import waterfall
from evenlight.figures.quality import allowed_part, checked, quality_dots, quality_text
from evenlight.figures.ranking import ranked_reliance, ranking
from evenlight.figures.reliance import reliance_scatter, reliance_text
from evenlight.figures.reliance_curve import reliance_curve, reliance_curve_text
from evenlight.figures.slopes import slope_chart, slope_text
from evenlight.figures.specification import specification_curve, specification_text
from evenlight.figures.strata import strata, strata_text
from evenlight.figures.volcano import volcano, volcano_text
from evenlight.figures.worst_group import drawable, worst_group, worst_key, worst_text

__all__ = [
    "allowed_part",
    "association_points",
    "association_scatter",
    "association_text",
    "beeswarm",
    "calibration",
    "calibration_text",
    "cells_of_groups",
    "cells_of_values",
    "checked",
    "dependence",
    "dependence_text",
    "difference_map",
    "dose_response",
    "dose_text",
    "dots",
    "dots_text",
    "drawable",
    "embedded_groups",
    "embedded_values",
    "flow",
    "flow_conditions",
    "flow_text",
    "forest",
    "forest_rows",
    "forest_text",
    "importance",
    "importance_text",
    "leakage_bars",
    "leakage_text",
    "local_ancestry",
    "local_ancestry_text",
    "locus",
    "maps_text",
    "mean_maps",
    "overlay",
    "quality_dots",
    "quality_text",
    "rank_curve",
    "rank_text",
    "ranked_reliance",
    "ranking",
    "reliance_curve",
    "reliance_curve_text",
    "reliance_scatter",
    "reliance_text",
    "slope_chart",
    "slope_text",
    "specification_curve",
    "specification_text",
    "strata",
    "strata_text",
    "strips",
    "volcano",
    "volcano_text",
    "waterfall",
    "worst_group",
    "worst_key",
    "worst_text",
]
