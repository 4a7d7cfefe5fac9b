"""Write the catalogue of the page's sentences: every text that `spoken` or `plural` is given.

`python .ci/catalogue.py` writes src/evenlight/reports/evenlight.pot; with `--check` it writes
nothing and fails where the file is not what the code says.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polib

SOURCE = Path(__file__).parents[1] / "src"
CATALOGUE = SOURCE / "evenlight" / "reports" / "evenlight.pot"
SPEAKERS = ("spoken", "plural")


class Unresolved(Exception):
    """A sentence that the code makes up as it goes, so that no catalogue can hold it."""


@dataclass(frozen=True)
class Module:
    """What stands at the top of a file: values by name, and where names come from."""

    path: Path
    tree: ast.Module

    def value(self, name: str) -> ast.expr | None:
        """What a name is set to at the top of this file."""
        for node in self.tree.body:
            named = node.targets if isinstance(node, ast.Assign) else []
            named = [node.target] if isinstance(node, ast.AnnAssign) else named
            if any(isinstance(one, ast.Name) and one.id == name for one in named):
                return node.value
        return None

    def imported(self, name: str) -> tuple[str, str] | None:
        """Module and name in it under which `name` was imported."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for one in node.names:
                    if name == (one.asname or one.name):
                        return node.module, one.name
        return None


@cache
def module(path: Path) -> Module:
    """A file, parsed once."""
    return Module(path, ast.parse(path.read_text("utf-8")))


def named(dotted: str) -> Module:
    """The file of a module of evenlight."""
    path = SOURCE.joinpath(*dotted.split("."))
    return module(
        path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
    )


def sentences(node: ast.expr, where: Module) -> Iterator[str]:
    """Every sentence that an expression can be."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.IfExp():
            yield from sentences(node.body, where)
            yield from sentences(node.orelse, where)
        case ast.BoolOp():
            for one in node.values:
                yield from sentences(one, where)
        case ast.Subscript(value=ast.Subscript() as inner, slice=ast.Constant(value=int() as at)):
            for one in values(*constant(inner.value, where)):
                yield from sentences(one.elts[at], where)
        case ast.Subscript(value=held):
            for one in values(*constant(held, where)):
                yield from sentences(one, where)
        case ast.Call(func=ast.Attribute(value=held, attr="get"), args=[_, *other]):
            for one in [*values(*constant(held, where)), *other]:
                yield from sentences(one, where)
        case ast.Name() | ast.Attribute():
            yield from sentences(*constant(node, where))
        case _:
            raise Unresolved(f"{where.path}:{node.lineno}: {ast.unparse(node)}")


def values(node: ast.expr, _: Module) -> list[ast.expr]:
    """The values of a dict, a tuple or a list."""
    if isinstance(node, ast.Dict):
        return node.values
    if isinstance(node, ast.Tuple | ast.List):
        return node.elts
    raise Unresolved(f"{ast.unparse(node)[:80]} holds no sentences")


def constant(node: ast.expr, where: Module) -> tuple[ast.expr, Module]:
    """What a name at the top of a file stands for, here or where it was imported from."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        found = where.imported(node.value.id)
        if found is not None:
            return constant(ast.Name(id=node.attr, lineno=node.lineno), named(".".join(found)))
    if isinstance(node, ast.Name):
        value = where.value(node.id)
        if value is not None:
            return value, where
        found = where.imported(node.id)
        if found is not None:
            return constant(ast.Name(id=found[1], lineno=node.lineno), named(found[0]))
    raise Unresolved(f"{where.path}:{node.lineno}: {ast.unparse(node)} is no constant of a module")


def entries() -> list[polib.POEntry]:
    """One entry a sentence, with the files that say it, sorted."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        if path.name == "language.py":
            continue
        for call in ast.walk(module(path).tree):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                continue
            if call.func.id not in SPEAKERS:
                continue
            said = call.args[call.func.id == "plural" :]
            place = path.relative_to(SOURCE.parent).as_posix()
            for text in sentences(said[0], module(path)):
                several = next(sentences(said[1], module(path))) if len(said) > 1 else ""
                found.setdefault((text, several), set()).add(place)
    return [
        polib.POEntry(
            msgid=text,
            occurrences=[(place, "") for place in sorted(places)],
            flags=["python-brace-format"] if "{" in text + several else [],
            **({"msgid_plural": several, "msgstr_plural": {0: "", 1: ""}} if several else {}),
        )
        for (text, several), places in sorted(found.items())
        if text
    ]


def catalogue() -> str:
    """The catalogue as text."""
    made = polib.POFile(wrapwidth=99)
    made.header = "The sentences of evenlight's pages. Apache-2.0."
    made.metadata = {
        "Project-Id-Version": "evenlight",
        "Language": "",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=INTEGER; plural=EXPRESSION;",
    }
    made.extend(entries())
    return f"{str(made).rstrip()}\n"


def main() -> None:
    """Write the catalogue, or hold it against the code."""
    made = catalogue()
    if "--check" not in sys.argv:
        CATALOGUE.write_text(made, "utf-8")
    elif not CATALOGUE.is_file() or CATALOGUE.read_text("utf-8") != made:
        sys.exit("the catalogue is not what the code says; run python .ci/catalogue.py")


if __name__ == "__main__":
    main()
