"""Errors named by their consequence. A leaf carries a reason that becomes a metric label."""


class Consequence(Exception):
    """Base: `reason` is a word of a closed set, the message a sentence for people."""

    def __init__(self, reason: str, sentence: str = "") -> None:
        super().__init__(sentence or reason)
        self.reason = reason


class Retry(Consequence):
    """Not now; the same thing may work later."""


class Refuse(Consequence):
    """Never: it is the caller's or the provider's answer, and repeating changes nothing."""


class SetAside(Consequence):
    """This one message is bad: to the dead letters with it, the rest goes on."""


class Stop(Consequence):
    """The process (or the part that raised) cannot go on; a person must mend something."""
