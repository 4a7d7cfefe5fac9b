"""What the page says of the gate, and of waivers."""

GATES = {
    "passed": "Gate: passed",
    "waived": "Gate: waived",
    "failed": "Gate: failed",
    "no verdict": "Gate: no verdict",
    "not gated": "Gate: not gated",
}
MEANS = {
    "passed": "Nothing that was asked in advance and set to block stands against a release; what "
    "was not asked is not known.",
    "waived": "It would have failed: a person answers for each difference that fails it.",
    "failed": "A release is stopped until the difference is dealt with or answered for.",
    "no verdict": "A release is neither cleared nor stopped by a difference. What could not be "
    "told or asked has to be settled first, as the answers say, or somebody has to decide without "
    "it.",
    "not gated": "Nothing was set to decide about a release; read the answers.",
}
"""What each word of the gate means for whoever has to release."""

SEVERE = {
    "block": "{count} block",
    "act": "{count} act",
    "watch": "{count} watch",
    "info": "{count} info",
}
"""So many findings of each severity."""

WAIVED = "Waived, each by a person and until a day; what is waived stays in the record."
WAIVER = "{id}, until {until}, by {person}: {reason}"
UNNEEDED = "Nothing would fail the gate without this waiver."
