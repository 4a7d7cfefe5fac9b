"""Dual encoders of images and text (CLIP, SigLIP): classes that are named by prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.models.networks import kept, placement
from evenlight.models.transformers import library
from evenlight.models.transformers.images import ImageReader, Normal, normal_of

Prompt = str | Sequence[int]
"""Text, or the codes of its tokens."""


class ZeroShot(ImageReader):
    """Images (m, c, h, w) to their likeness with each class (m, t), as the model scales it."""

    def __init__(self, network: nn.Module, classes: Tensor, normal: Normal | None) -> None:
        super().__init__(network, self._alike, normal)
        self.register_buffer("classes", classes)

    def _alike(self, network: nn.Module, pixels: Tensor) -> Tensor:
        image = _unit(_features(network.get_image_features(pixel_values=pixels)))  # type: ignore[operator]
        held: Any = network
        alike: Tensor = image @ self.get_buffer("classes").to(image).T * held.logit_scale.exp()
        return alike + held.logit_bias if hasattr(network, "logit_bias") else alike


def zero_shot(
    model: object,
    prompts: Mapping[str, Sequence[Prompt]],
    *,
    tokenizer: Any = None,
    normal: Normal | str | None = None,
    **declared: Any,
) -> Adapted:
    """A dual encoder as a classifier of images (n, c, h, w), one target a class.

    Parameters
    ----------
    model
        a module of transformers (CLIP, SigLIP), a local folder, or a config.
    prompts
        each class to one or more prompts, whose directions are averaged (Radford et al. 2021,
        section 3.1.4): text, or codes of tokens.
    tokenizer
        for prompts as text; by default that of the folder.
    normal
        as in `images`.
    **declared
        as in `evenlight.adapt`; by default link "softmax" (CLIP), or "logit" for a model with a
        bias of its own (SigLIP), whose classes do not exclude each other.

    Which words name a class is a choice of whoever deploys the model: see `over_prompts`.

    Raises ModelError for fewer than two classes of a softmax, a class without prompts, and prompts
    longer than the text encoder has positions.
    """
    network = library.network(model, "AutoModel")
    if not hasattr(network, "get_image_features") or not hasattr(network, "logit_scale"):
        raise ModelError(
            f"{type(network).__name__} is no dual encoder (get_image_features, logit_scale); for "
            "an image encoder alone see images()"
        )
    link = "logit" if hasattr(network, "logit_bias") else "softmax"
    if not prompts or (link == "softmax" and len(prompts) < 2):
        raise ModelError(f"{len(prompts)} classes; name at least {2 if link == 'softmax' else 1}")
    if _worded(prompts):
        tokenizer = library.tokenizer_of(model, tokenizer)
    classes = torch.stack([_direction(network, n, p, tokenizer) for n, p in prompts.items()])
    made = ZeroShot(network, classes, normal_of(model, normal))
    given = {"link": link, "gives": "margin", "targets": list(prompts), **declared}
    return adapt(made, **given)


def over_prompts(
    model: object, templates: Sequence[str], classes: Mapping[str, str], **own: Any
) -> dict[str, Adapted]:
    """One model for each template, so that an audit can be asked how far it rests on the wording.

    `templates` hold {} where the words of a class stand, such as "a chest radiograph of {}";
    `classes` maps each target to its words, `own` is as in `zero_shot`. The folder is read once.

    Raises ModelError for a template without {}, or one that occurs twice.
    """
    wrong = [t for t in templates if "{}" not in t]
    if wrong or len(set(templates)) != len(templates) or not templates:
        raise ModelError(
            f"templates must be different and hold {{}} for the words of a class, found "
            f"{(wrong or list(templates))[:3]}"
        )
    network = library.network(model, "AutoModel")
    own |= {
        "normal": normal_of(model, own.get("normal")),
        "tokenizer": library.tokenizer_of(model, own.get("tokenizer")),
    }
    return {
        one: zero_shot(network, {c: [one.format(words)] for c, words in classes.items()}, **own)
        for one in templates
    }


def _direction(network: Any, name: str, prompts: Sequence[Prompt], tokenizer: Any) -> Tensor:
    """The direction of a class (d,): the mean of its prompts' directions, at length 1."""
    if isinstance(prompts, str) or not len(prompts):
        raise ModelError(f"class {name!r}: list one or more prompts")
    own = [_one(network, name, prompt, tokenizer) for prompt in prompts]
    return _unit(torch.stack(own).mean(dim=0))


def _one(network: Any, name: str, prompt: Prompt, tokenizer: Any) -> Tensor:
    codes, most = _codes(name, prompt, tokenizer, network), _positions(network)
    if len(codes) > most:
        raise ModelError(
            f"class {name!r}: a prompt has {len(codes)} tokens and the text encoder {most} "
            "positions; nothing is cut in silence"
        )
    ids = torch.tensor([codes], device=placement(network)[0])
    with kept(network), torch.no_grad():
        made = _unit(_features(network.get_text_features(input_ids=ids)))[0]
    return made.detach().clone()


def _codes(name: str, prompt: Prompt, tokenizer: Any, network: Any) -> list[int]:
    """The codes of a prompt; SigLIP was trained on text padded to its full length."""
    if not isinstance(prompt, str):
        return [int(code) for code in prompt]
    if tokenizer is None:
        raise ModelError(f"class {name!r} has prompts as text; pass tokenizer= or their codes")
    codes = list(tokenizer(prompt)["input_ids"])
    pad = tokenizer.pad_token_id
    if hasattr(network, "logit_bias") and pad is not None:
        codes += [int(pad)] * max(0, _positions(network) - len(codes))
    return codes


def _positions(network: Any) -> int:
    """Most tokens that the text encoder reads."""
    return int(network.config.text_config.max_position_embeddings)


def _worded(prompts: Mapping[str, Sequence[Prompt]]) -> bool:
    return any(isinstance(prompt, str) for own in prompts.values() for prompt in own)


def _features(said: Any) -> Tensor:
    made: Tensor = said if isinstance(said, Tensor) else said.pooler_output
    return made


def _unit(rows: Tensor) -> Tensor:
    size: Tensor = rows.norm(dim=-1, keepdim=True)
    return rows / size
