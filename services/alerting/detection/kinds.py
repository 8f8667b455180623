"""Kinds of components: who speaks when evidence fits several alike, and what is bongsu's own.

A component's key is `kind:name`; a function of it is `kind:name/function`. Pure.
"""

from functools import lru_cache

_remembered = lru_cache(maxsize=1 << 16)  # asked of the same components every second
# Of components that fit the evidence alike the larger part speaks; in millionths of a nat.
BONUS = {
    "platform": 500_000,
    "carrier": 500_000,
    "provider": 400_000,
    "account": 350_000,
    "sender": 300_000,
    "receiver": 300_000,
    "worker": 300_000,
    "site": 300_000,
    "self": 300_000,
    "observer": 280_000,
    "reach": 250_000,
    "line": 200_000,
    "pair": 100_000,
    "route": 0,
}
MONITOR = frozenset({"worker", "receiver", "observer", "site", "self"})


@_remembered
def kind(component: str) -> str:
    """The kind in a component's key."""
    return component.partition(":")[0]


def bonus(component: str) -> int:
    """What its kind adds to its sum when the best explanation is looked for."""
    return BONUS.get(kind(component), 0)


@_remembered
def monitors(component: str) -> bool:
    """Is it a part of bongsu itself, whose fault is no outage?"""
    return kind(component) in MONITOR
