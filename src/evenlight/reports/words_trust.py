"""Words of section B8: what each check of the explanations looks at, and what follows."""

from __future__ import annotations

CHECKED = {
    "unconverged": "attributions that miss over a hundredth of how far their row's output moves",
    "residual": "what attributions miss of the output, over how far it moves",
    "residual_tail": "the same, in the row that 5 % of rows exceed",
    "noise": "error by chance of the explainer, over the size of an attribution",
    "deletion": "1 if taking away what raises the output most lowers it as claimed, 0 if no faster "
    "than in random order",
    "insertion": "the same for putting it in first",
    "stability": "how far attributions move when inputs move by a twentieth of their spread",
    "background": "how far they move with another draw of the background",
    "agreement": "0 if taking each feature away and putting it in alone says the same, 1 if the "
    "opposite",
    "sanity": "cosine with attributions of the same network with re-drawn weights",
}
TRUSTED = (
    "By {grouping}, the explanations ({method}) pass in every group all {known} checks that could "
    "be made, and no two groups were found to differ in them beyond the margins."
)
UNTRUSTED = (
    "These explanations are not reliable: {reason}. What rests on the attributions of these groups "
    "is not answered; performance, and the same change for everyone, need none and stand."
)
