"""The features of a model that does not carry their names, sealed beside it in a small file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from evenlight.data.plain_files import read_json
from evenlight.data.unique_names import unique
from evenlight.errors import FeatureError

KEYS = ("names", "model", "source", "seal")
LARGEST = 2**26
"""Bytes of a file of names, at most."""


@dataclass(frozen=True, slots=True)
class FeatureList:
    """`names` (p,) in the order of a model's inputs, on the word of `source`.

    `model` is the sha256 of the weights that the list belongs to, "" for a model without weights
    (a function, a fitted estimator), to which no list can be bound. The `seal` is the sha256 of
    all three: it shows that a list is as it was written, not who wrote it.

    >>> made = FeatureList(("TP53", "MYC"), source="train.py")
    >>> len(made), list(made), made.seal[:6]
    (2, ['TP53', 'MYC'], 'e6d8b9')
    """

    names: tuple[str, ...]
    model: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not self.names:
            raise FeatureError("a list of features needs at least one name")
        unique(self.names, "feature")

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __repr__(self) -> str:
        bound = f"bound to weights {self.model[:12]}" if self.model else "bound to no weights"
        return f"FeatureList: {len(self)} names, {bound}, seal {self.seal[:12]}"

    @property
    def seal(self) -> str:
        """sha256 of names, weights and source."""
        text = json.dumps([list(self.names), self.model, self.source], ensure_ascii=True)
        return sha256(text.encode()).hexdigest()

    def save(self, path: str | Path) -> None:
        """Write the list as JSON, by custom `model.features.json` beside the weights."""
        data = {
            "names": list(self.names),
            "model": self.model,
            "source": self.source,
            "seal": self.seal,
        }
        Path(path).write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> FeatureList:
        """Read a list; FeatureError for another file, or one changed since it was sealed."""
        file = Path(path)
        data = _read(file)
        names = data["names"]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise FeatureError(f"{file.name}: names are no list of text; save() writes one")
        made = cls(tuple(names), str(data["model"]), str(data["source"]))
        if made.seal != data["seal"]:
            raise FeatureError(
                f"{file.name}: the list was changed after it was sealed; make it anew with "
                "feature_list(model, names), from the code that trained the model"
            )
        return made


def _read(file: Path) -> dict[str, object]:
    """The JSON object of a file of names."""
    data = read_json(file, error=FeatureError, largest=LARGEST)
    if not isinstance(data, dict) or set(data) != set(KEYS):
        raise FeatureError(f"{file.name}: wanted the keys {', '.join(KEYS)}, as save() writes them")
    return data
