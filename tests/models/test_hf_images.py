"""Networks of images: classifiers, encoders, dual encoders, promptable segmentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from evenlight.arrays import Float
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.models.probe import prepare
from evenlight.models.transformers.images import images
from evenlight.models.transformers.segments import segmented
from evenlight.models.transformers.zero_shot import over_prompts, zero_shot
from tests.tiny_transformers import SMALL, cohort, library

VISION = {"image_size": 8, "patch_size": 4, **SMALL}
PROMPTS = {"normal": [[1, 5, 9, 2]], "effusion": [[1, 6, 9, 2], [1, 7, 2]]}


def pixels(n: int = 6, channels: int = 3, size: int = 8) -> Float:
    """Random images (n, c, size, size)."""
    return np.random.default_rng(0).normal(size=(n, channels, size, size))


def vit(**own: Any) -> Any:
    """A classifier of images."""
    hf = library()
    torch.manual_seed(0)
    return hf.ViTForImageClassification(hf.ViTConfig(**{**VISION, **own}))


def dual(kind: str = "clip") -> Any:
    """A dual encoder."""
    hf = library()
    torch.manual_seed(0)
    text = {"vocab_size": 20, "max_position_embeddings": 8, "eos_token_id": 2, **SMALL}
    vision = {"hidden_act": "gelu", **VISION}
    del text["initializer_range"], vision["initializer_range"]
    if kind == "clip":
        config = hf.CLIPConfig(text_config=text, vision_config=vision, projection_dim=12)
        return hf.CLIPModel(config)
    text["projection_size"] = 16
    return hf.SiglipModel(hf.SiglipConfig(text_config=text, vision_config=vision))


def test_a_classifier_of_images_gives_its_own_logits() -> None:
    """After the normalisation that it was trained with; labels name its targets."""
    network, x = vit(id2label={0: "normal", 1: "effusion"}), pixels()
    normal = ([0.5, 0.4, 0.3], [0.2, 0.2, 0.5])
    made = prepare(images(network, normal=normal), cohort(x), target="effusion")
    mean, spread = (np.array(v).reshape(1, 3, 1, 1) for v in normal)
    network.eval()
    with torch.no_grad():
        said = network(pixel_values=torch.tensor((x - mean) / spread).float()).logits.numpy()
    np.testing.assert_allclose(made.output, said[:, 1] - said[:, 0], atol=1e-4)


def test_images_are_explained_through_the_plain_engine() -> None:
    """Integrated gradients of a vision transformer add up, from its patches back to the pixels."""
    made = explain(images(vit()), cohort(pixels()), method="ig", target=1)
    assert made.converged.all()
    assert made.values.shape == (6, 3, 8, 8)
    assert np.abs(made.values).max() > 0


def test_an_encoder_gives_its_pooled_output_or_what_a_head_says_of_it() -> None:
    """DINOv2: d targets, or weights and offsets on them."""
    hf = library()
    torch.manual_seed(0)
    network, x = hf.Dinov2Model(hf.Dinov2Config(**VISION)), pixels()
    own = prepare(images(network, encoder=True), cohort(x, y=np.arange(6.0)), target=3)
    network.eval()
    with torch.no_grad():
        held = network(pixel_values=torch.tensor(x).float()).pooler_output.numpy()
    np.testing.assert_allclose(own.output, held[:, 3], atol=1e-5)
    weights = np.random.default_rng(1).normal(size=(1, 16))
    read = prepare(images(network, head=(weights, np.array([0.5]))), cohort(x))
    np.testing.assert_allclose(read.output, held @ weights[0] + 0.5, atol=1e-4)
    with pytest.raises(ModelError, match="head weighs 4 numbers, and the encoder gives 16"):
        prepare(images(network, head=(np.ones((1, 4)), np.zeros(1))), cohort(x))


def test_images_of_another_size_are_refused() -> None:
    """With both sizes, and tables are no images."""
    with pytest.raises(ModelError, match=r"reads images \(rows, channels, \(8, 8\)\), found .*12"):
        prepare(images(vit()), cohort(pixels(size=12)), target=1)
    with pytest.raises(ModelError, match="2 channels are normalised, and x has 3"):
        prepare(images(vit(), normal=([0, 0], [1, 1])), cohort(pixels()), target=1)
    with pytest.raises(ModelError, match="standard deviations of channels"):
        images(vit(), normal=([0.0], [0.0]))
    with pytest.raises(ModelError, match="say head= or encoder=True"):
        images(vit(), head=(np.ones((1, 16)), np.zeros(1)), encoder=True)


def test_the_folder_says_how_images_were_normalised(tmp_path: Path) -> None:
    """For x from 0 to 255, as the folder's preprocessor does it."""
    network = vit()
    network.save_pretrained(tmp_path, safe_serialization=True)
    with pytest.raises(ModelError, match=r"holds no preprocessor_config.json"):
        images(tmp_path, normal="folder")
    told = {"do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
            "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.25, 0.5]}  # fmt: skip
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(told))
    x = np.random.default_rng(0).integers(0, 256, size=(5, 3, 8, 8)).astype(float)
    made = prepare(images(tmp_path, normal="folder"), cohort(x), target=1)
    by_hand = (x / 255 - 0.5) / np.array([0.5, 0.25, 0.5]).reshape(1, 3, 1, 1)
    wanted = prepare(images(network), cohort(by_hand), target=1)
    np.testing.assert_allclose(made.output, wanted.output, atol=1e-4)


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_prompts_give_what_the_dual_encoder_gives(kind: str) -> None:
    """One prompt a class: the model's own logits per image; link by the kind of model."""
    network, x = dual(kind), pixels()
    one = {"normal": [[1, 5, 9, 2]], "effusion": [[1, 6, 9, 2]]}
    made = prepare(zero_shot(network, one), cohort(x), target="effusion")
    network.eval()
    with torch.no_grad():
        said = network(
            input_ids=torch.tensor([[1, 5, 9, 2], [1, 6, 9, 2]]),
            pixel_values=torch.tensor(x).float(),
        ).logits_per_image.numpy()
    odds = said[:, 1] - said[:, 0] if kind == "clip" else said[:, 1]
    np.testing.assert_allclose(made.output, odds, atol=1e-4)
    assert made.adapted.link == ("softmax" if kind == "clip" else "logit")


def test_several_prompts_of_a_class_are_averaged_in_direction() -> None:
    """The mean of unit vectors, at length 1."""
    network, x = dual(), pixels()
    made = zero_shot(network, PROMPTS)
    network.eval()
    with torch.no_grad():
        parts = [
            network.get_text_features(input_ids=torch.tensor([codes])).pooler_output[0]
            for codes in PROMPTS["effusion"]
        ]
    mean = torch.stack([part / part.norm() for part in parts]).mean(dim=0)
    np.testing.assert_allclose(made.module.classes[1], mean / mean.norm(), atol=1e-6)
    assert np.isfinite(prepare(made, cohort(x), target="effusion").output).all()


def test_zero_shot_is_explained_and_the_encoder_handed_back() -> None:
    """Gradients pass the image tower; mode and parameters are as they were."""
    network = dual().train()
    made = explain(zero_shot(network, PROMPTS), cohort(pixels()), method="ig", target="effusion")
    assert made.converged.all()
    assert network.training


class Words:
    """A tokenizer of six words."""

    pad_token_id = 0

    def __call__(self, text: str) -> dict[str, list[int]]:
        """Codes between those of start and end."""
        known = {"film": 5, "of": 6, "effusion": 7, "health": 8, "a": 9}
        return {"input_ids": [1, *(known[w] for w in text.split()), 2]}


def test_prompts_are_a_fork() -> None:
    """One model for each template: the same images, other words, other outputs."""
    x, classes = pixels(), {"normal": "health", "effusion": "effusion"}
    every = over_prompts(dual(), ["film of {}", "a {}"], classes, tokenizer=Words())
    assert list(every) == ["film of {}", "a {}"]
    first, second = (prepare(m, cohort(x), target="effusion").output for m in every.values())
    assert np.abs(first - second).max() > 1e-4
    with pytest.raises(ModelError, match="templates must be different and hold"):
        over_prompts(dual(), ["effusion"], classes, tokenizer=Words())


def test_prompts_that_cannot_be_read_are_named() -> None:
    """Too long, as text without a tokenizer, none, and a single class of a softmax."""
    network = dual()
    with pytest.raises(ModelError, match="'b': a prompt has 9 tokens and the text encoder 8"):
        zero_shot(network, {"a": [[1, 2]], "b": [[1, *[5] * 7, 2]]})
    with pytest.raises(ModelError, match="'a' has prompts as text; pass tokenizer="):
        zero_shot(network, {"a": ["effusion"], "b": [[1, 2]]})
    with pytest.raises(ModelError, match="list one or more prompts"):
        zero_shot(network, {"a": [], "b": [[1, 2]]})
    with pytest.raises(ModelError, match="1 classes; name at least 2"):
        zero_shot(network, {"a": [[1, 2]]})
    with pytest.raises(ModelError, match="ViTForImageClassification is no dual encoder"):
        zero_shot(vit(), PROMPTS)


def sam() -> Any:
    """A promptable segmenter of images of 32 x 32."""
    hf = library()
    torch.manual_seed(0)
    config = hf.SamConfig(
        vision_config={
            "hidden_size": 16, "output_channels": 16, "num_hidden_layers": 1, "image_size": 32,
            "num_attention_heads": 2, "patch_size": 8, "window_size": 2, "num_pos_feats": 8,
            "global_attn_indexes": [0], "mlp_dim": 16,
        },
        prompt_encoder_config={
            "hidden_size": 16, "image_size": 32, "patch_size": 8, "mask_input_channels": 4,
        },
        mask_decoder_config={
            "hidden_size": 16, "mlp_dim": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
        },
    )  # fmt: skip
    return hf.SamModel(config)


def test_a_segmenter_has_one_number_a_row() -> None:
    """Mean logit, and expected area, of the mask inside a region, as computed by hand."""
    network, x = sam(), pixels(size=32)
    inside = np.zeros((32, 32), dtype=bool)
    inside[:16] = True
    network.eval()
    with torch.no_grad():
        points = torch.tensor([[[[9.0, 20.0]]]]).expand(6, 1, 1, 2)
        said = network(
            pixel_values=torch.tensor(x).float(), input_points=points, multimask_output=False
        ).pred_masks[:, 0, 0]
    half = said[:, : said.shape[1] // 2]
    model = segmented(network, point=(9, 20), inside=inside)
    made = prepare(model, cohort(x, y=np.arange(6.0)))
    np.testing.assert_allclose(made.output, half.mean(dim=(1, 2)), atol=1e-5)
    area = segmented(network, point=(9, 20), inside=inside, measure="area")
    made = prepare(area, cohort(x, y=np.arange(6.0)))
    np.testing.assert_allclose(made.output, half.sigmoid().mean(dim=(1, 2)), atol=1e-5)
    boxed = prepare(segmented(network, box=(2, 2, 20, 20)), cohort(x, y=np.arange(6.0)))
    assert made.target == "area"
    assert np.isfinite(boxed.output).all()


def test_a_segmenter_needs_one_prompt_and_a_region_that_fits() -> None:
    """Point or box; a region of the images' size."""
    network, x = sam(), pixels(size=32)
    with pytest.raises(ModelError, match="say point= or box="):
        segmented(network)
    with pytest.raises(ModelError, match=r"wanted \(left, top, right, bottom\)"):
        segmented(network, box=(5, 5, 2, 9))
    model = segmented(network, point=(3, 3), inside=np.ones((8, 8)))
    with pytest.raises(ModelError, match=r"inside= is \(8, 8\) and the images are \(32, 32\)"):
        prepare(model, cohort(x, y=np.arange(6.0)))
