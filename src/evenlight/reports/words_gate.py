"""What the page says of waivers."""

WAIVED = "Waived, each by a person and until a day; what is waived stays in the record."
WAIVER = "{id}, until {until}, by {person}: {reason}"
UNNEEDED = "Nothing would fail the gate without this waiver."
