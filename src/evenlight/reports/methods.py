"""Every fixed word of section C1: how each measure was made."""

from __future__ import annotations

TWINS = {
    "columns": "as columns out of reach of the penalty, dropped afterwards",
    "covariate": "as columns beside the others, averaged over the groups afterwards",
    "offset": "as an offset estimated jointly and taken out of the outcome",
    "given": "accounted for by whoever trained both",
}

VIEW = "{view} given {given} on the {scale} (SD {unit})"
GIVEN = "{given} (n {n}, {strata} strata, {bins} outcome bins)"
BESIDE = ", within {name} and {name} within the groups"
AGAIN = ", drawn {times} times where all share a draw"
SMOOTHED = ", smoothed by {width} {units}"

METHODS = {
    "model": "Model: {name} ({kind}), target {target}, link {link}; attributions by {method} "
    "on the {scale} scale. Source: {source}.",
    "people": "People: {rows} rows of {units} units with {features} features from {name}; "
    "outcome {outcome} ({kind}); strata: {strata}. Source: {source}.",
    "performance": "Performance by {grouping}: bootstrap over units, {draws} draws, "
    "simultaneous level {level}; threshold: {threshold}; margins: {margins}.",
    "comparison": "Comparison by {grouping} of {p} subjects ({kind}): studentised "
    "permutation of whole units within strata, {draws} draws (the smallest p that "
    "they count is {least}), max-T over subjects and "
    "Benjamini-Hochberg; levels of the intervals {alpha}; margin {margin} SD of the output. "
    "Views, each its own family: {views}.",
    "reliance": "Reliance by {grouping}: the share of the output's variance between groups, "
    "split over {p} subjects, less its mean over {draws} permutations; intervals re-centred; "
    "margin {margin}. Given: {given}.",
    "quality": "Trust in explanations by {grouping}: {rows} rows balanced over groups by seed; "
    "deletion and insertion of {players} in falling order of attribution against random orders "
    "and their reverse, in units of what attributions claim; a second method from single "
    "removals and insertions; explained again with inputs moved by 0.05 of their spread, on "
    "another draw of the background, and for networks with re-drawn weights. Groups: "
    "studentised permutation of whole units, {draws} draws, max-T. Limits: {limits}.",
    "quality_given": "Trust in explanations by {grouping}: made elsewhere, and only held against "
    "the outputs of {rows} rows. Groups: studentised permutation of whole units, {draws} draws, "
    "max-T. Limits: {limits}.",
    "repeats": "The background was drawn {repeats} times more; the variance between the draws of "
    "each difference, times 1 + 1/{all}, is part of its interval and p.",
    "probe": "Probe of the model: {probe}.",
    "encoded": "Layers by {grouping}: cross-fitted linear classifiers of unseen units within the "
    "strata, given {given}{beside}; p by {draws} permutations with refits, Holm over pairs; what "
    "is used: the part of the groups' difference in output that goes when the layer's means no "
    "longer differ, delete-a-group jackknife. Margins: {auc} of AUC above a half, {used} SD of "
    "the output.",
    "slices": "Worst slices ({of}): {searched} levels and crosses of {over} searched on a random "
    "half of the units; the worst tested on the other half, one-sided, Holm.",
    "proxies": "Proxy groups: k-means of {units} units by {name} ({components} dimensions); "
    "stability is the adjusted Rand index of clusterings of subsamples, beside that of one normal "
    "cloud of equal covariance. Outcome and errors of the model play no part in the clusters.",
    "fragility": "Perturbations ({suite}) by {grouping}: {steps}; each paired by unit with the "
    "data as recorded{again}. Groups: studentised permutation of whole units within strata, "
    "{draws} draws, intervals simultaneous over pairs and steps; SD(f) {sd}; threshold "
    "{threshold}.{notes}",
    "worst": "Worst perturbation ({suite}) by {grouping}: {tries} combinations within the bounds "
    "tried on one half of the units, the best of them shown on the other half with {draws} other "
    "draws: one question, fixed beforehand.",
    "uncertainty": "Conformal sets by {grouping}: promises {levels}, score {score}; limits of "
    "coverage exact binomial, simultaneous at {level} over groups and promises; sizes by a "
    "bootstrap of units, {draws} draws.",
    "local": "Local ancestry: {n} people, the copies of {ancestry} at the place of each of {p} "
    "subjects, beside {beside}, covariates and strata; HC3 errors, {draws} permutations of what "
    "the reduced model leaves (Freedman and Lane), intervals simultaneous over a view; margin "
    "{margin} SD(f), f without what global ancestry tells of it.",
    "shares": "Shares of importance by {grouping} ({kind}): mean |attribution| of the features of "
    "each set over that of all, with pointwise 95 % limits of a ratio of means; nothing is tested.",
    "maps": "Maps by {grouping}: {positions} positions ({space}), channels added up; at each the "
    "difference of group means within strata over its own standard error; clusters of neighbours "
    "beyond |Z| = {height}, their mass against {draws} permutations of whole units over all "
    "clusters of a view{smooth}; positions asked: {asked}.",
    "regions": "Regions by {grouping}: shares of |attribution| with limits of a ratio of means; "
    "what positions tell by a shrunken discriminant, cross-fitted over units, p by permutation, "
    "q over regions (Benjamini-Hochberg).",
    "within": "Regions by {grouping}, from image to image of a person: of each of those with "
    "images of both levels the difference of their means; told by a shrunken discriminant of other "
    "people's differences, p by signs of whole people, q over regions (Benjamini-Hochberg).",
    "verdicts": "Verdicts: different when the simultaneous interval excludes zero and is not "
    "inside the margin; similar when it lies inside the margin with at least 20 units in "
    "each group; cannot tell when it holds zero and reaches beyond the margin, or lies inside it "
    "with fewer units, or, of the unsupported share, where support is decided for less than half "
    "of the reliance; cannot be asked here below the smallest group that is shown, or without "
    "overlap.",
    "twin": "Twin by {grouping}: {refits} refits of the model and as many of its twin, which is of "
    "the same class and had the group {how}; {subjects} {kind} compared, given the {given}: the "
    "mean excess of the model's share over its twin's, with a one-sided 95 % limit for a further "
    "refit.{named}",
}
