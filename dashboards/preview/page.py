"""A board as one HTML page, without anything from elsewhere.

In: boards, what was found for a look at one. Out: HTML, and the policy that a browser keeps it to.
Before: `draw.py`. After: `serve.py`, the command line.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from urllib.parse import parse_qsl

from dashboards.preview import draw, fields
from dashboards.preview.answers import ALL
from dashboards.preview.frame import WORDS, Frame
from dashboards.preview.html import Html, join, markdown, tag
from dashboards.sources import Json

_HERE = files("dashboards.preview")
_SHELL, _STYLE, _SCRIPT = (
    (_HERE / f"page.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
)


class Pages:
    """Of all boards; those that are `live` can be asked, and ask again, by themselves."""

    def __init__(self, boards: Mapping[str, Json], live: bool) -> None:
        self._boards, self._live = boards, live
        self._style = _style(boards)
        self.policy = (
            f"default-src 'none'; img-src data:; style-src '{_hash(self._style)}';"
            f" script-src '{_hash(_SCRIPT)}'; connect-src 'self'; form-action 'self';"
            " base-uri 'none'"
        )

    def board(self, uid: str, frame: Frame) -> str:
        """One board."""
        board = self._boards[uid]
        at = f"{frame.shown.look.until.astimezone(fields.KST):%Y-%m-%d %H:%M:%S}"
        title, question = str(board["title"]), str(board["description"])
        form = _form(board, frame) if self._live else None
        head = join(tag("h1", title, lang="ko"), tag("p", question, lang="ko"), form)
        order = sorted(board["panels"], key=lambda p: (p["gridPos"]["y"], p["gridPos"]["x"]))
        grid = tag("div", (_box(panel, frame) for panel in order), class_="grid", lang="ko")
        panels = join(tag("p", frame.say("as of", at=at), id="as-of"), grid)
        return self._page(title, head, panels, frame, uid)

    def index(self, frame: Frame) -> str:
        """All of them."""
        found = (
            tag("li", self._link(uid, frame), f" {board['description']}")
            for uid, board in self._boards.items()
        )
        title = frame.say("boards")
        return self._page(title, tag("h1", title), tag("ul", found, lang="ko"), frame, None)

    def _link(self, uid: str, frame: Frame, here: str | None = None) -> Html:
        current = "page" if uid == here else None
        href, title = frame.place(f"/d/{uid}"), str(self._boards[uid]["title"])
        return tag("a", title, href=href, aria_current=current)

    def _page(self, title: str, head: Html, panels: Html, frame: Frame, uid: str | None) -> str:
        live = self._live and uid is not None
        words = ("preview", "boards", "skip", "stale")
        return _SHELL.format(
            **{word: join(frame.say(word)) for word in words},
            lang=frame.language,
            title=join(title),
            policy=self.policy,
            style=self._style,
            again='<noscript><meta http-equiv="refresh" content="10"></noscript>' * live,
            nav=join(tag("li", self._link(one, frame, uid)) for one in self._boards),
            head=head,
            panels=panels,
            script=f"<script>{_SCRIPT}</script>" * live,
        )


def _box(panel: Json, frame: Frame) -> Html:
    at, name = panel["gridPos"], f"panel-{panel['id']}"
    summary = tag("summary", "?", aria_label=f"{panel['title']}: {frame.say('about')}")
    about = tag("details", summary, tag("div", markdown(panel.get("description", ""))))
    return tag(
        "section",
        tag("header", tag("h2", panel["title"], id=name), about),
        tag("div", draw.panel(panel, frame.shown.panels[panel["id"]], frame), class_="box"),
        class_=f"x{at['x']} y{at['y']} w{at['w']} h{at['h']}",
        aria_labelledby=name,
    )  # fmt: skip


def _form(board: Json, frame: Frame) -> Html:
    """What can be chosen; the address holds it, so that it can be sent to somebody."""
    time = dict(parse_qsl(frame.shown.look.time))
    spans = [(one, frame.say(one)) for one in WORDS if one.startswith("now-")]
    fields = [_select("from", frame.say("time"), spans, time["from"])]
    for variable in board["templating"]["list"]:
        if variable["type"] == "datasource" or variable.get("hide"):
            continue
        name, label = f"var-{variable['name']}", variable.get("label") or variable["name"]
        values = frame.shown.values[variable["name"]]
        options = frame.shown.options[variable["name"]]
        if variable["type"] == "textbox":
            fields.append(tag("label", label, tag("input", name=name, value=values[0])))
            continue
        if variable.get("includeAll"):
            options = [(ALL, frame.say("all")), *options]
        held = values[0] if len(values) == 1 else ALL
        fields.append(_select(name, label, options, held))
    until = tag("input", type="hidden", name="to", value=time["to"])
    return tag("form", fields, until, tag("button", frame.say("show")), method="get")


def _select(name: str, label: str, options: Sequence[tuple[str, str]], held: str) -> Html:
    """One of the options; what a link chose may be none of them."""
    if held not in {value for value, _ in options}:
        options = [(held, held), *options]
    shown = (tag("option", text, value=value, selected=value == held) for value, text in options)
    return tag("label", label, tag("select", shown, name=name))


def _style(boards: Mapping[str, Json]) -> str:
    """Places and colours as classes: a strict policy lets no element have a style of its own."""
    found = json.dumps(list(boards.values()))
    lines = max((p["gridPos"]["y"] + 1 for b in boards.values() for p in b["panels"]), default=0)
    areas = (
        f".x{n}{{grid-column-start:{n + 1}}}.w{n}{{grid-column-end:span {n}}}"
        f".y{n}{{grid-row-start:{n + 1}}}.h{n}{{grid-row-end:span {n}}}\n"
        for n in range(max(25, lines))
    )
    colors = sorted(set(re.findall(r"#([0-9A-Fa-f]{6})\b", found)))
    paints = (f".b-{color}{{background:#{color};color:{_ink(color)}}}\n" for color in colors)
    return _STYLE.replace("AREAS", "".join(areas)) + "".join(paints)


def _ink(color: str) -> str:
    """Black or white, whichever is read better on a colour."""
    red, green, blue = (int(color[n : n + 2], 16) for n in (0, 2, 4))
    return "#000" if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else "#fff"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
