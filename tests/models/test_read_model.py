"""Whole models from files: what is read, what is refused, and what a trusted file may do."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnx
import pytest
import skops.io
import torch
from lightgbm import LGBMClassifier
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from evenlight.errors import EvenlightError, InputError, ModelError, Refused
from evenlight.models import apart
from evenlight.models.adapt import adapt
from evenlight.models.file_kinds import kind_of
from evenlight.models.load import load_network, read_model
from evenlight.models.state_dicts import read_safetensors

X = np.random.default_rng(0).normal(size=(60, 3))
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
W = np.array([[1.0], [-2.0], [0.5]], dtype=np.float32)


class Call:
    """A pickle that calls something when it is read."""

    def __init__(self, function: Any, *args: object) -> None:
        self.call = (function, args)

    def __reduce__(self) -> Any:
        return self.call


def trusting(path: Path) -> str:
    """The word that trusts this file."""
    return "sha256:" + sha256(path.read_bytes()).hexdigest()


@pytest.fixture(autouse=True)
def architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    """A builder in an installed module."""
    monkeypatch.setattr(nn, "toy", lambda: nn.Linear(3, 1), raising=False)


@pytest.fixture(scope="module")
def fitted() -> Any:
    """A pipeline that tells two classes apart."""
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)


def graph(
    path: Path, *, tensor: TensorProto | None = None, outputs: Sequence[str] = ("y",)
) -> Path:
    """An ONNX file of x W; `tensor` in the place of W."""
    kept = numpy_helper.from_array(W, "W") if tensor is None else tensor
    nodes = [helper.make_node("MatMul", ["x", "W"], [name]) for name in outputs]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])
    ys = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 1]) for name in outputs]
    made = helper.make_model(
        helper.make_graph(nodes, "g", [x], ys, [kept]),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=9,
    )  # fmt: skip
    path.write_bytes(made.SerializeToString())
    return path


def elsewhere(location: str) -> TensorProto:
    """A tensor whose values lie in another file."""
    made = numpy_helper.from_array(W, "W")
    onnx.external_data_helper.set_external_data(made, location=location)
    made.ClearField("raw_data")
    made.data_location = TensorProto.EXTERNAL
    return made


def test_a_graph_gives_what_it_computes(tmp_path: Path) -> None:
    """A product in an ONNX file is that product, and the page is told where it came from."""
    path = graph(tmp_path / "model.onnx")
    made = read_model(path, link="identity")
    np.testing.assert_allclose(made.margin(X), X @ W, atol=1e-5)
    assert trusting(path)[7:] in made.settle(X, None, None).notes[0]  # type: ignore[misc]
    with pytest.raises(ModelError, match=r"takes rows of shape \[3\], not \[2\]"):
        made.margin(X[:, :2])


def test_an_output_of_several_is_named(tmp_path: Path) -> None:
    """Without a name the outputs are listed, a wrong one has the nearest."""
    path = graph(tmp_path / "model.onnx", outputs=("logit", "other"))
    with pytest.raises(ModelError, match=r"gives logit .*, other .*; name the one .* output="):
        read_model(path)
    with pytest.raises(ModelError, match=r"no output 'logits'; did you mean 'logit'\?"):
        read_model(path, output="logits")


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "link", "hard", "weights"])
def test_74_a_graph_with_data_elsewhere_is_refused(tmp_path: Path, location: str) -> None:
    """Fault 74: whatever the path is, absolute, upwards, a link or plain, nothing is read."""
    (tmp_path / "weights").write_bytes(W.tobytes())
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "hard").hardlink_to(tmp_path / "weights")
    path = graph(tmp_path / "model.onnx", tensor=elsewhere(location))
    with pytest.raises(Refused, match=r"keeps 1 tensors in other files.*save_as_external_data"):
        read_model(path)


def test_74_data_elsewhere_is_found_below_a_branch(tmp_path: Path) -> None:
    """A tensor of an attribute in a subgraph of a node is looked at as well."""
    inner = helper.make_node("Constant", [], ["z"], value=elsewhere("/etc/passwd"))
    out = helper.make_tensor_value_info("z", TensorProto.FLOAT, [3, 1])
    branch = helper.make_graph([inner], "b", [], [out])
    yes = helper.make_tensor("c", TensorProto.BOOL, [], [True])
    nodes = [
        helper.make_node("Constant", [], ["c"], value=yes),
        helper.make_node("If", ["c"], ["W"], then_branch=branch, else_branch=branch),
        helper.make_node("MatMul", ["x", "W"], ["y"]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])
    made = helper.make_model(helper.make_graph(nodes, "g", [x], [y]))
    (tmp_path / "model.onnx").write_bytes(made.SerializeToString())
    with pytest.raises(Refused, match="keeps 2 tensors in other files"):
        read_model(tmp_path / "model.onnx")


def test_71_a_graph_that_claims_a_huge_tensor_is_stopped(tmp_path: Path) -> None:
    """Fault 71: 2**40 numbers out of a few bytes are made in the other process, if at all."""
    shape = helper.make_tensor("s", TensorProto.INT64, [2], [2**20, 2**20])
    nodes = [
        helper.make_node("Constant", [], ["s"], value=shape),
        helper.make_node("ConstantOfShape", ["s"], ["huge"]),
        helper.make_node("ReduceSum", ["huge"], ["one"], keepdims=0),
        helper.make_node("Add", ["x", "one"], ["y"]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])
    made = helper.make_model(
        helper.make_graph(nodes, "g", [x], [y]),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=9,
    )  # fmt: skip
    (tmp_path / "model.onnx").write_bytes(made.SerializeToString())
    with pytest.raises(EvenlightError, match=r"model\.onnx (cannot be read|takes more than)"):
        read_model(tmp_path / "model.onnx")


def test_an_estimator_of_skops_is_read(tmp_path: Path, fitted: Any) -> None:
    """A pipeline of known types comes back, and computes the same to the bit."""
    skops.io.dump(fitted, tmp_path / "model.skops")
    made = read_model(tmp_path / "model.skops")
    np.testing.assert_array_equal(made.margin(X), adapt(fitted).margin(X))
    assert "skops file" in made.notes[0]


@pytest.mark.parametrize("ending", ["skops", "joblib"])
def test_lightgbm_is_read_where_its_file_is_trusted(tmp_path: Path, ending: str) -> None:
    """Its estimators hold an OrderedDict, which skops does not know; trust by digest vouches."""
    made = LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1).fit(X, Y)
    path = tmp_path / f"gb.{ending}"
    (skops.io.dump if ending == "skops" else joblib.dump)(made, path)
    with pytest.raises(Refused, match=path.name):
        read_model(path)
    read = read_model(path, trust=trusting(path))
    np.testing.assert_array_equal(read.margin(X), adapt(made).margin(X))


def test_a_skops_file_that_names_a_function_is_refused(tmp_path: Path, fitted: Any) -> None:
    """A file of os.system in a step is refused, trusted by its digest or not."""
    skops.io.dump(fitted, tmp_path / "plain.skops")
    with zipfile.ZipFile(tmp_path / "plain.skops") as old:
        held = {name: old.read(name) for name in old.namelist()}
    text = held["schema.json"].decode()
    text = text.replace('"__class__": "StandardScaler"', '"__class__": "Popen"', 1)
    text = text.replace(
        '"__module__": "sklearn.preprocessing._data"', '"__module__": "subprocess"', 1
    )
    assert "Popen" in text
    with zipfile.ZipFile(tmp_path / "model.skops", "w") as new:
        for name, content in (held | {"schema.json": text.encode()}).items():
            new.writestr(name, content)
    path = tmp_path / "model.skops"
    for trust in (None, trusting(path)):
        with pytest.raises(Refused, match=r"1 types that nobody vouches for.*'subprocess\.Popen'"):
            read_model(path, trust=trust)


def test_70_a_trusted_pickle_comes_back_without_code(tmp_path: Path, fitted: Any) -> None:
    """Fault 70: refused without its digest, or with that of another; with it the same model."""
    path, other = tmp_path / "model.joblib", tmp_path / "other"
    joblib.dump(fitted, path, compress=3)
    other.write_bytes(b"x")
    for trust in (None, "import", trusting(other)):
        with pytest.raises(Refused, match=r"it could run any code.*--trust sha256:DIGEST"):
            read_model(path, trust=trust)
    made = read_model(path, trust=["import", trusting(path)])
    np.testing.assert_array_equal(made.margin(X), adapt(fitted).margin(X))
    assert "trusted by its digest" in made.notes[0]


@pytest.mark.parametrize("what", ["write", "program", "socket", "exit"])
def test_70_a_trusted_pickle_is_fenced_in(tmp_path: Path, what: str) -> None:
    """What tries to write, to start a program or to call somebody is stopped, and named."""
    canary = tmp_path / "canary"
    call = {
        "write": Call(eval, f"open({str(canary)!r}, 'w').close()"),
        "program": Call(eval, f"__import__('os').system('touch {canary}')"),
        "socket": Call(eval, "__import__('socket').create_connection(('127.0.0.1', 9))"),
        "exit": Call(eval, "__import__('sys').exit(0)"),
    }[what]
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(call))
    told = ModelError if what == "exit" else Refused
    with pytest.raises(told, match=r"cannot be read: SystemExit" if what == "exit" else "tried"):
        read_model(path, trust=trusting(path))
    assert not canary.exists()


def test_71_a_trusted_pickle_has_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes all memory, or computes for ever, is stopped and the caller goes on."""
    monkeypatch.setattr(apart, "MEMORY", 2**29)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(Call(bytearray, 2**31)))
    with pytest.raises(Refused, match="of memory to be read"):
        read_model(path, trust=trusting(path))
    monkeypatch.setattr(apart, "CPU", 4)
    path.write_bytes(pickle.dumps(Call(eval, "any(iter(int, 1))")))
    with pytest.raises(Refused, match="stopped by the system"):
        read_model(path, trust=trusting(path))


def test_tensors_of_a_trusted_checkpoint_are_taken(tmp_path: Path) -> None:
    """Whole modules and checkpoints give their weights, for the builder that is imported."""
    module = nn.Linear(3, 1)
    torch.save(module, tmp_path / "whole.pt")
    torch.save({"state_dict": module.state_dict(), "epoch": 3}, tmp_path / "checkpoint.ckpt")
    for name in ("whole.pt", "checkpoint.ckpt"):
        path = tmp_path / name
        with pytest.raises(Refused, match="is not a plain state dict"):
            load_network(path, builder="torch.nn:toy", trust="import")
        made = load_network(path, builder="torch.nn:toy", trust=["import", trusting(path)])
        assert torch.equal(made.weight, module.weight)  # type: ignore[arg-type]


def test_72_ending_and_content_must_agree(tmp_path: Path, fitted: Any) -> None:
    """Fault 72: other content than the ending says, two kinds in one file, and files cut short."""
    save_file(nn.Linear(3, 1).state_dict(), tmp_path / "a.safetensors")
    tensors = (tmp_path / "a.safetensors").read_bytes()
    (tmp_path / "a.onnx").write_bytes(tensors)
    with pytest.raises(Refused, match=r"a\.onnx ends as onnx does and holds safetensors"):
        read_model(tmp_path / "a.onnx")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("schema.json", "{}")
    (tmp_path / "b.safetensors").write_bytes(tensors + (tmp_path / "b.zip").read_bytes())
    with pytest.raises(Refused, match="is safetensors and a zip file at once"):
        read_model(tmp_path / "b.safetensors")
    torch.save(nn.Linear(3, 1).state_dict(), tmp_path / "c.pt")
    (tmp_path / "c.pt").write_bytes((tmp_path / "c.pt").read_bytes()[:-100])
    with pytest.raises(ModelError, match="cut short or changed"):
        load_network(tmp_path / "c.pt", builder="torch.nn:Linear", trust="import")
    (tmp_path / "d.onnx").write_bytes(b"")
    with pytest.raises(ModelError, match=r"d\.onnx is empty"):
        read_model(tmp_path / "d.onnx")
    (tmp_path / "e.txt").write_bytes(b"hello")
    with pytest.raises(ModelError, match=r"no file of a model.*known endings: \.safetensors"):
        read_model(tmp_path / "e.txt")
    (tmp_path / "f.onnx").write_bytes(b"\x08\x09 this is no graph")
    with pytest.raises(ModelError, match=r"f\.onnx cannot be read"):
        read_model(tmp_path / "f.onnx")


@pytest.mark.parametrize("ending", ["safetensors", "pt"])
def test_72_a_damaged_file_is_an_error_of_its_own_kind(tmp_path: Path, ending: str) -> None:
    """Cut at any place or with any byte changed, a file is no internal fault; a zip tells all."""
    module, path = nn.Linear(3, 1), tmp_path / f"model.{ending}"
    if ending == "pt":
        torch.save(module.state_dict(), path)
    else:
        save_file(module.state_dict(), path)
    whole, rng, read = path.read_bytes(), np.random.default_rng(0), 0
    for turn in range(150):
        damaged, at = bytearray(whole), int(rng.integers(len(whole)))
        if turn % 3:
            damaged[at] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged if turn % 3 else damaged[:at])
        try:
            made = load_network(path, builder="torch.nn:toy", trust="import")
        except EvenlightError:
            continue
        read += 1
        same = all(torch.equal(v, module.state_dict()[k]) for k, v in made.state_dict().items())
        assert same or ending == "safetensors"  # which has no checksum
    assert read < 100


def test_71_a_state_dict_that_is_packed_is_refused(tmp_path: Path) -> None:
    """torch.save packs nothing, so a pickle of a gigabyte in a kilobyte is seen by its head."""
    with zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", b"\0" * 2**24)
    with pytest.raises(Refused, match="packed in a way that harms who unpacks it: 16777216 bytes"):
        load_network(tmp_path / "bomb.pt", builder="torch.nn:Linear", trust="import")


@pytest.mark.parametrize("said", ["yes", "sha256:12", "sha256:" + "g" * 64, "imports", ""])
def test_trust_is_said_in_two_ways_only(tmp_path: Path, said: str) -> None:
    """Any other word is an error, and no trust."""
    save_file(nn.Linear(3, 1).state_dict(), tmp_path / "a.safetensors")
    with pytest.raises(InputError, match=r'wanted "import" .* or "sha256:"'):
        load_network(tmp_path / "a.safetensors", builder="torch.nn:Linear", trust=said)


def test_no_environment_variable_gives_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trust is an argument: variables that other tools know change nothing."""
    for name in ("EVENLIGHT_TRUST", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "TRUST"):
        monkeypatch.setenv(name, "1")
    path = tmp_path / "model.pt"
    torch.save({"w": Call(eval, f"open({str(tmp_path / 'canary')!r}, 'w').close()")}, path)
    with pytest.raises(Refused):
        load_network(path, builder="torch.nn:Linear", trust="import")
    assert not (tmp_path / "canary").exists()


def test_the_other_process_sees_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables with keys and tokens are not handed on to whoever reads a file."""
    monkeypatch.setenv("API_TOKEN", "canary-token")
    path = tmp_path / "model.pkl"
    path.write_bytes(
        pickle.dumps(Call(eval, "1 / 0 if 'API_TOKEN' in __import__('os').environ else 5"))
    )
    with pytest.raises(ModelError, match=r"holds a builtins\.int, and estimator were wanted"):
        read_model(path, trust=trusting(path))


def test_what_was_found_is_plain(tmp_path: Path) -> None:
    """The other process tells in JSON, in which no object can be hidden."""
    path = graph(tmp_path / "model.onnx")
    place = tmp_path / "place"
    place.mkdir()
    apart.opened_apart("onnx", path, place)
    assert json.loads((place / "told.json").read_text())["elsewhere"] == 0


@pytest.mark.parametrize("length", [0x0178, 0x4B50, 0x0280, 0x8B1F])
def test_a_header_of_any_length_is_one_of_safetensors(tmp_path: Path, length: int) -> None:
    """The length of the header may begin as zlib, a zip file or a pickle do, and is a length."""
    file = tmp_path / "net.safetensors"
    head = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    file.write_bytes(length.to_bytes(8, "little") + head.ljust(length) + b"\0\0\x80\x3f")
    assert kind_of(file) == "safetensors"
    assert read_safetensors(file)["w"].tolist() == [1.0]
