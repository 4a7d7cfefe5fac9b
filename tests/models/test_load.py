"""Files are read without running what they bring along."""

from __future__ import annotations

import pickle
import sys
import types
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from evenlight.errors import ModelError, Refused
from evenlight.models.load import load_network, load_table

BUILDER = "toy_architecture:build"


class Canary:
    """A pickle that plants a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (eval, (f"open({str(self.path)!r}, 'w').close()",))


@pytest.fixture(autouse=True)
def architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed module that builds a network."""
    module = types.ModuleType("toy_architecture")
    module.build = lambda: nn.Linear(2, 1)  # type: ignore[attr-defined]
    module.number = lambda: 3  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy_architecture", module)


def test_a_table_is_read_from_csv(tmp_path: Path) -> None:
    """Terms, intercept and link arrive."""
    path = tmp_path / "dose.csv"
    path.write_text("term,weight\nintercept,5.6\nage,-0.26\n")
    table = load_table(path, "square")
    assert (table.intercept, dict(table.weights), table.link) == (5.6, {"age": -0.26}, "square")


@pytest.mark.parametrize("ending", ["safetensors", "pt", "pth"])
def test_weights_come_back_as_they_were_saved(tmp_path: Path, ending: str) -> None:
    """Safetensors and state dicts give the same network."""
    module, path = nn.Linear(2, 1), tmp_path / f"model.{ending}"
    if ending == "safetensors":
        save_file(module.state_dict(), path)
    else:
        torch.save(module.state_dict(), path)
    loaded = load_network(path, builder=BUILDER, trust="import")
    for name, value in module.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)


@pytest.mark.parametrize("ending", ["pkl", "pickle", "joblib", "pt", "pth", "safetensors"])
@pytest.mark.parametrize("container", ["pickle", "torch", "legacy"])
def test_a_hostile_pickle_is_refused_and_does_not_run(
    tmp_path: Path, ending: str, container: str
) -> None:
    """Whatever its ending and container, the canary stays unwritten and the conversion is named."""
    canary, path = tmp_path / "canary", tmp_path / f"model.{ending}"
    if container == "pickle":
        path.write_bytes(pickle.dumps(Canary(canary)))
    else:
        modern = container == "torch"
        torch.save({"w": Canary(canary)}, path, _use_new_zipfile_serialization=modern)
    with pytest.raises(Refused, match=r"is not a plain state dict .* convert it once") as seen:
        load_network(path, builder=BUILDER, trust="import")
    assert not canary.exists()
    assert seen.value.exit_code == 4


def test_the_canary_would_have_sung(tmp_path: Path) -> None:
    """The planted pickle does run when it is read without care, so the test above can fail."""
    canary = tmp_path / "canary"
    pickle.loads(pickle.dumps(Canary(canary)))
    assert canary.exists()


def test_a_whole_module_in_a_file_is_refused(tmp_path: Path) -> None:
    """A pickled module is not a state dict."""
    torch.save(nn.Linear(2, 1), tmp_path / "model.pt")
    with pytest.raises(Refused, match=r"it names torch\.nn\.modules\.linear Linear"):
        load_network(tmp_path / "model.pt", builder=BUILDER, trust="import")


def test_a_builder_is_imported_only_on_trust(tmp_path: Path) -> None:
    """Without trust="import" nothing is imported; without a builder there is no architecture."""
    path = tmp_path / "model.safetensors"
    save_file(nn.Linear(2, 1).state_dict(), path)
    with pytest.raises(Refused, match="would be imported, which runs its code"):
        load_network(path, builder=BUILDER)
    with pytest.raises(ModelError, match='need their architecture: builder="module:function"'):
        load_network(path, trust="import")


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        ("os.system", 'wanted "module:function"'),
        ("toy_architecture:absent", "was not found"),
        ("no_such_module:build", "was not found"),
        ("toy_architecture:number", "gave a int, no torch module"),
    ],
)
def test_a_builder_that_does_not_build_says_so(tmp_path: Path, builder: str, message: str) -> None:
    """Each wrong builder has its message."""
    path = tmp_path / "model.safetensors"
    save_file(nn.Linear(2, 1).state_dict(), path)
    with pytest.raises(ModelError, match=message):
        load_network(path, builder=builder, trust="import")


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    """An absent file, a broken file and weights of another network are told apart."""
    with pytest.raises(ModelError, match="there is no file"):
        load_network(tmp_path / "absent.safetensors", builder=BUILDER, trust="import")
    (tmp_path / "broken.safetensors").write_bytes(b"not tensors at all")
    with pytest.raises(ModelError, match="is no safetensors file"):
        load_network(tmp_path / "broken.safetensors", builder=BUILDER, trust="import")
    save_file(nn.Linear(3, 1).state_dict(), tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="do not fit toy_architecture:build"):
        load_network(tmp_path / "other.safetensors", builder=BUILDER, trust="import")
