"""The whole page of one audit, and the index over several."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files

from htpy import (
    Element,
    Node,
    a,
    body,
    footer,
    h1,
    head,
    html,
    li,
    link,
    main,
    meta,
    nav,
    p,
    script,
    span,
    style,
    title,
    ul,
)
from markupsafe import Markup

from evenlight.data.digits import count
from evenlight.data.shown import short, visible
from evenlight.differing import Difference
from evenlight.findings import Answer
from evenlight.language import ENGLISH, spoken, tongue
from evenlight.record import Audit, as_told
from evenlight.reports.asked import question
from evenlight.reports.icons import icon, signs
from evenlight.reports.parts import evidence, filled, name, nothing, size, verdict
from evenlight.reports.pointing import at, placed, pointing
from evenlight.reports.sections import KEYS, SECTIONS, a1_title, c6_earlier
from evenlight.reports.sections.judged import contrast_words, deciding, effect_words, people_words
from evenlight.reports.words import FAILED, SHORT_HEADS, STANDING
from evenlight.reports.words_script import phrases


@cache
def css() -> str:
    """The style sheet of the page."""
    return files("evenlight.reports").joinpath("page.css").read_text("utf-8")


@cache
def js() -> str:
    """The one script of the page."""
    return files("evenlight.reports").joinpath("page.js").read_text("utf-8")


def policy(look: str, code: str = "") -> str:
    """The content policy: nothing but this style sheet and script, by hash, and inline pictures."""
    rules = ["default-src 'none'", f"style-src {_hash(look)}"]
    rules += [f"script-src {_hash(code)}"] if code else []
    return "; ".join([*rules, "img-src data:", "base-uri 'none'", "form-action 'none'"])


LINKED_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
"""Where style sheet and script are files beside the page."""

TRANSLATED = (
    "This page is a translation, and sentences of the record stand in English. The English page "
    "and the record decide:"
)

ASSETS = ("report.css", "report.js")
"""Names of these files."""


SCROLLS = "scrolls sideways"
"""Above a picture that is wider than the screen."""


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@as_told
@pointing
def build(
    audit: Audit,
    *,
    earlier: Difference | None = None,
    static: bool = False,
    linked: bool = False,
    failed: list[str] | None = None,
) -> str:
    """The page of one audit: the same record gives the same text.

    `earlier` is the difference from an earlier audit, which becomes section C6. `static` leaves the
    script out; `linked` refers to style sheet and script as the files `ASSETS` beside the page, for
    servers that drop what stands in the page itself. A section that fails is an error; where a list
    `failed` is given it is named there, marked on the page, and the others are made.
    """
    shown = _shown(audit, earlier, failed)
    content: list[Node] = [
        a1_title.section(audit),
        _contents(shown),
        main(id="main", tabindex="-1")[list(shown.values())],
        _foot(audit),
    ]
    scripted = "" if static else js()
    return _page(short(a1_title.heading(audit)), content, sheet(audit), scripted, linked=linked)


def _shown(audit: Audit, earlier: Difference | None, failed: list[str] | None) -> dict[str, Markup]:
    """The sections that are shown, rendered, by key; keys sort as the page does."""
    asked: dict[str, Callable[[], Element | None]]
    asked = {key: partial(section, audit) for key, section in zip(KEYS, SECTIONS, strict=True)}
    if earlier is not None:
        asked["c6"] = partial(c6_earlier.section, earlier)
    made = {key: _rendered(key, asked[key], failed) for key in sorted(asked)}
    return {key: one for key, one in made.items() if one is not None}


def _rendered(
    key: str, section: Callable[[], Element | None], failed: list[str] | None
) -> Markup | None:
    """A section as text, or that it failed."""
    try:
        made = section()
        return None if made is None else Markup(str(made))
    except Exception as error:
        if failed is None:
            raise
        failed.append(f"{key} ({type(error).__name__}: {error})")
        return Markup(str(nothing(key, spoken(FAILED))))


def sheet(audit: Audit) -> str:
    """The style sheet with the foot of printed pages, which tells whose page it is."""
    told = "".join(c for c in audit.plan_digest[:12] if c in "0123456789abcdef")
    words = _quoted(spoken("evenlight, plan {digest}", digest=told))
    foot = f'@page {{ @bottom-left {{ content: "{words}"; font: 8pt sans-serif; }} }}'
    return f"{_look()}{foot}\n"


def _look() -> str:
    """The style sheet, with the one sentence that it holds as the page speaks."""
    return css().replace(SCROLLS, _quoted(spoken(SCROLLS)))


def _quoted(text: str) -> str:
    """The text as it may stand inside a string of a style sheet."""
    return "".join(f"\\{ord(c):x} " if c in '"\\<' else c for c in visible(text))


def index(audits: Sequence[tuple[str, str, Audit]]) -> str:
    """A page over several audits: (title, link to its page, audit)."""
    entries = [_entry(*told) for told in audits]
    content: list[Node] = [
        h1[spoken("Audits")],
        main(id="main", tabindex="-1")[ul(class_="entries")[entries]],
        footer[p[spoken(STANDING)]],
    ]
    return _page(spoken("Audits"), content, _look())


def _entry(heading: str, place: str, audit: Audit) -> Element:
    """One audit of the index; its numbers stand in the record beside its page."""
    folder = place.rpartition("/")[0].replace(" ", "%20")
    with placed(audit):
        return li(class_="entry", data_base=f"{folder}/audit.json#".removeprefix("/"))[
            a(href=place)[name(heading)],
            " ",
            span(class_="quiet", data_ref=_inside(_strip_at(audit)))[
                filled(
                    spoken("{units} units, {target}, by {grouping}"),
                    units=count(audit.cohort.units),
                    target=name(audit.model.target),
                    grouping=name(a1_title.groupings(audit)),
                )
            ],
            ul[[_answer(audit, answer) for answer in audit.answers]],
        ]


def _strip_at(audit: Audit) -> str:
    return f"{at(audit.cohort, 'units')} {at(audit.model, 'target')} {a1_title.groupings_at(audit)}"


def _inside(places: str) -> str:
    """Pointers of an audit as they go on from its file."""
    return " ".join(place.removeprefix("/") for place in places.split())


def plain_page(heading: str, content: Sequence[Node]) -> str:
    """A page of other content in the same look, without script."""
    return _page(heading, content, _look())


def _answer(audit: Audit, answer: Answer) -> Element:
    part = deciding(answer.parts, answer.verdict)
    told: list[Node] = [evidence(spoken("no part was recorded"))]
    if part is not None:
        told = [
            name(contrast_words(part)),
            ": ",
            evidence(effect_words(part)),
            ", ",
            size(people_words(part)),
        ]
    places = [at(answer, "question"), *([] if part is None else [at(part)])]
    return li(class_="judged", data_ref=_inside(" ".join(places)))[
        verdict(answer.verdict), " ", question(audit, answer), " ", span(class_="shown")[told]
    ]


def _page(
    heading: str, content: Sequence[Node], look: str, code: str = "", *, linked: bool = False
) -> str:
    rules = LINKED_POLICY if linked else policy(look, code)
    made = html(lang=tongue())[
        head[
            meta(http_equiv="Content-Security-Policy", content=rules),
            meta(charset="utf-8"),
            meta(name="viewport", content="width=device-width, initial-scale=1"),
            meta(name="color-scheme", content="light dark"),
            title[visible(heading)],
            link(rel="stylesheet", href=ASSETS[0]) if linked else style[Markup(look)],
        ],
        body[
            a(class_="skip", href="#main")[spoken("Skip to the answers")],
            signs(),
            content,
            phrases() if code else None,
            _script(code, linked) if code else None,
        ],
    ]
    return _plain(str(made)) + "\n"


def _script(text: str, linked: bool) -> Element:
    return script(src=ASSETS[1], defer=True) if linked else script[Markup(text)]


def _plain(text: str) -> str:
    """The text with anything that could hide or turn it spelled out, line ends kept."""
    return "\n".join(visible(line) for line in text.split("\n"))


def _contents(shown: Mapping[str, Markup]) -> Element:
    """Links to the sections that are shown."""
    return nav(aria_label=spoken("Sections"))[
        ul[(li[a(href=f"#{key}")[spoken(SHORT_HEADS[key])]] for key in SHORT_HEADS if key in shown)]
    ]


def translation(english: str) -> Element | None:
    """That a page is a translation, and which page decides; None in English."""
    if tongue() == ENGLISH:
        return None
    return p[spoken(TRANSLATED), " ", a(href=english, lang=ENGLISH)[english]]


def _foot(audit: Audit) -> Element:
    return footer[
        p[icon("not_estimable"), " ", spoken(STANDING)],
        translation("report.html"),
        p(class_="quiet", data_ref="/plan_digest /model/digest /cohort/digest")[
            f"{spoken('Digests of plan, model and data:')} ",
            " / ".join(
                d[:12] for d in (audit.plan_digest, audit.model.digest, audit.cohort.digest)
            ),
        ],
    ]
