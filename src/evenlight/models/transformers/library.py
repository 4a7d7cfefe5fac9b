"""The library itself, on first use, and what it may load: safetensors from a local folder."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from torch import nn

from evenlight.data.plain_files import read_json
from evenlight.errors import ModelError, Refused

PICKLED = (".bin", ".pt", ".pth", ".pkl", ".ckpt", ".msgpack", ".h5")
"""Endings of weights that are never read here: most hold a pickle, which could run any code."""

LARGEST = 2**26
"""Bytes of a JSON file of a model's folder, at most."""

INDEX = "*.safetensors.index.json"
"""Which file holds which weights, of models in several."""

TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "tokenizer.model")
"""Files of which a folder with a tokenizer holds at least one."""


def library() -> Any:
    """The package transformers; ModelError names the extra where it is not installed."""
    try:
        return import_module("transformers")
    except ImportError as error:
        raise ModelError(
            "this model needs the package transformers, which is not installed here; "
            'pip install "evenlight[hf]"'
        ) from error


def network(model: object, auto: str) -> nn.Module:
    """A torch module from one in memory, a local folder, or a config (untrained weights).

    `auto` is the class of transformers that reads folders and configs, such as
    "AutoModelForSequenceClassification".

    Raises
    ------
    ModelError
        for a name that is no folder, a folder without config or weights, and weights that leave
        parts of the network (such as the head) untrained.
    Refused
        for a folder with pickled weights only, or whose model is code of its own.
    """
    if isinstance(model, nn.Module):
        return model
    if isinstance(model, str | Path):
        return _pretrained(Path(model), auto)
    if hasattr(model, "model_type") and hasattr(model, "to_dict"):
        made: nn.Module = getattr(library(), auto).from_config(model, trust_remote_code=False)
        return made
    raise ModelError(
        f"a {type(model).__name__} is no model of transformers; pass a module, a local folder or a "
        "config"
    )


def tokenizer_of(model: object, given: Any) -> Any:
    """The tokenizer that was given, else that of a local folder; None of a model in memory."""
    return tokenizer(model) if given is None and isinstance(model, str | Path) else given


def tokenizer(folder: str | Path) -> Any:
    """The tokenizer of a local folder; ModelError where there is none."""
    place = _folder(folder)
    if not any((place / name).is_file() for name in TOKENIZERS):
        raise ModelError(
            f"folder {place.name!r} holds no tokenizer (none of {', '.join(TOKENIZERS)}); save it "
            "there with tokenizer.save_pretrained, or pass special= with the codes by hand"
        )
    auto = library().AutoTokenizer
    return auto.from_pretrained(str(place), local_files_only=True, trust_remote_code=False)


def _pretrained(folder: Path, auto: str) -> nn.Module:
    place = _folder(folder)
    _own_code(place)
    _weights(place)
    made, told = getattr(library(), auto).from_pretrained(
        str(place), local_files_only=True, use_safetensors=True, trust_remote_code=False,
        output_loading_info=True,
    )  # fmt: skip
    left = sorted(told["missing_keys"])
    if left:
        raise ModelError(
            f"the weights in {place.name!r} leave {len(left)} parts of {type(made).__name__} "
            f"untrained, first {left[:3]}; give the folder of the model that was trained for the "
            "task, or the trained module itself"
        )
    module: nn.Module = made
    return module


def _folder(given: str | Path) -> Path:
    place = Path(given)
    if not place.is_dir():
        raise ModelError(
            f"{str(given)!r} is no local folder, and nothing is ever downloaded; fetch the model "
            "with your own tools and pass the folder"
        )
    return place


def _own_code(place: Path) -> None:
    """Raise where the config is missing, or asks for code that the folder brings along."""
    if not (place / "config.json").is_file():
        raise ModelError(f"folder {place.name!r} holds no config.json")
    told = read_json(place / "config.json", error=ModelError, largest=LARGEST)
    kind = str(told.get("model_type", ""))
    if "auto_map" in told and kind not in library().CONFIG_MAPPING:
        raise Refused(
            f"the model in {place.name!r} ({kind or 'without a type'}) is code of its own "
            "(auto_map), which is never run here; build the network yourself and pass the module"
        )


def _weights(place: Path) -> None:
    """Raise unless the folder holds safetensors."""
    if any(place.glob("*.safetensors")):
        _shards(place)
        return
    pickled = sorted(p.name for p in place.iterdir() if p.suffix.lower() in PICKLED)
    if pickled:
        raise Refused(
            f"folder {place.name!r} holds no safetensors but {', '.join(pickled[:3])}, which could "
            "run any code. Where you trust it, convert it once: load it with transformers and "
            "model.save_pretrained(folder, safe_serialization=True)"
        )
    raise ModelError(f"folder {place.name!r} holds no weights (*.safetensors)")


def _shards(place: Path) -> None:
    """Raise where the list of a folder's weights leads out of it.

    Files that are links are read: the cache of the hub is made of them.
    """
    away: list[str] = []
    for index in place.glob(INDEX):
        told = read_json(index, error=ModelError, largest=LARGEST)
        named = told.get("weight_map", {}) if isinstance(told, dict) else {}
        away += [str(one) for one in set(named.values()) if Path(str(one)).name != one]
    if away:
        raise Refused(
            f"the list of weights in {place.name!r} leads out of the folder ({away[0][:60]!r}); "
            "nothing outside it is read"
        )
