"""Broken copies of a body: what a bad line, a middle box or a careless vendor makes of it.

In: a body and a seed. Out: as many mutants as asked for, the same ones for the same seed. What is
taken out leaves a mark and what is put in is no digit and no letter: a mutant is a broken document,
never another document that is as true.
"""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

JUNK = (b"\x00", b"\xff", b'"', b"\\", b"{", b"]", b",", b"\xed\xa0\x80", b"\xe3\x85\x8e", b"?")
ODD: tuple[Any, ...] = (
    None, True, -1, 1.5, 2**70, "", "?" * 5_000, "\x00", "\ud800", [], {}, [[[[[]]]]], {"?": {}},
)  # fmt: skip


def mutants(body: bytes, seed: int, count: int) -> Iterator[bytes]:
    """`count` mutants, none equal to the body."""
    dice = random.Random(f"{seed}|{len(body)}")
    made = 0
    while made < count:
        mutant = dice.choice(_KINDS)(body, dice)
        if mutant != body:
            made += 1
            yield mutant


def _replaced(body: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(body))
    return body[:at] + dice.choice(JUNK) + body[at + 1 :]


def _cut_out(body: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(body))
    return body[:at] + b"?" + body[at + dice.randint(1, 20) :]


def _cut_off(body: bytes, dice: random.Random) -> bytes:
    return body[: dice.randrange(len(body))]


def _stuffed(body: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(body))
    return body[:at] + dice.choice(JUNK) * dice.choice((1, 3, 2_000)) + body[at:]


def _of_another_shape(body: bytes, dice: random.Random) -> bytes:
    """One value of a JSON document replaced, renamed or taken away."""
    try:
        document = json.loads(body)
    except ValueError:
        return _replaced(body, dice)
    places = list(_places(document))
    if not places:
        return json.dumps(dice.choice(ODD)).encode()
    holder, key = dice.choice(places)
    value = holder.pop(key)
    what = dice.random()
    if isinstance(holder, dict) and what < 0.6:
        holder[key if what < 0.5 else f"{key}?"] = dice.choice(ODD) if what < 0.5 else value
    elif isinstance(holder, list) and what < 0.6:
        holder.insert(key, dice.choice(ODD))
    return json.dumps(document, ensure_ascii=what < 0.3).encode("utf-8", "surrogatepass")


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(node) if isinstance(node, dict) else range(len(node))
    for key in keys:
        yield node, key
        if isinstance(node[key], dict | list):
            yield from _places(node[key])


_KINDS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _replaced, _cut_out, _cut_off, _stuffed, _of_another_shape, _of_another_shape,
)  # fmt: skip
