"""Whether a model is asked what it was trained for: its features by name, its values in units."""

from __future__ import annotations

from evenlight.data.cohort import Cohort
from evenlight.data.training import TrainingSummary
from evenlight.measures.trained_values import trained_values
from evenlight.models.listed import unlisted
from evenlight.models.probe import Prepared

UNTRAINED = (
    "Nothing is known of the values that the model was trained on; hand over the training people "
    "as twin=, or their summary as training= (model.training in a plan)."
)


UNSEEN = "Only attributions were given, so nothing is known of the features of the model itself."


def uncertain(prepared: Prepared | None, cohort: Cohort, training: object = None) -> dict[str, str]:
    """What is not certain of the inputs, in words, by the name under which a plan is strict.

    Without the model, it is not known which features it was trained on.
    `training`, people or their summary, says what values were trained on; without it that is not
    certain either.
    """
    told = {
        "features": UNSEEN if prepared is None else " ".join(unlisted(prepared.adapted, cohort)),
        "values": _values(cohort, training),
    }
    return {name: words for name, words in told.items() if words}


def strange_values(cohort: Cohort, training: object = None) -> tuple[str, ...]:
    """Sentences on values that are not like those of training people, where these are given."""
    if not isinstance(training, Cohort | TrainingSummary):
        return ()
    made = trained_values(cohort, training)
    return () if made.verdict == "like" else made.sentences()


def _values(cohort: Cohort, training: object) -> str:
    if not isinstance(training, Cohort | TrainingSummary):
        return UNTRAINED
    made = trained_values(cohort, training)
    return " ".join(made.sentences()) if made.verdict == "not_estimable" else made.doubt
