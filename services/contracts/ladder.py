"""What a drill (훈련 시험 발송) shows of a ladder: does the provider's substitute do its work?

In:  the attempt of a drill and its settled outcome. Out: six answers. Pure, the only place that
judges. A drill goes to a handset without the route's own channel, so the own leg must fail and the
substitute must come. Its due time (`seen_due`) is the own late threshold and the substitute's.
"""

from dataclasses import dataclass

from services.contracts.attempt import Attempt
from services.contracts.vocabulary import Outcome

# Outcomes that say nothing of the ladder: bongsu was blind, the body's own set-up refused, or the
# handset has the channel after all, so that no substitute was called for.
TELLS_NOTHING = frozenset(
    {Outcome.VOID, Outcome.UNKNOWN, Outcome.EXEMPT, Outcome.DELIVERED, Outcome.LATE}
)


@dataclass(frozen=True, slots=True)
class Drill:
    """None: could not be tried, or the device cannot tell.

    `fired`: the provider sent a substitute. `arrived`: the device saw it. `in_time`: by the due
    time. `once`: no copy more than sends. `whole`: with the text that was given. `right_sender`:
    from the registered number of its sender.
    """

    fired: bool | None = None
    arrived: bool | None = None
    in_time: bool | None = None
    once: bool | None = None
    whole: bool | None = None
    right_sender: bool | None = None

    @property
    def tried(self) -> bool:
        """Does it say anything?"""
        return self.fired is not None


def judge(attempt: Attempt, outcome: Outcome | None) -> Drill:
    """The answers of one drill; nothing before its outcome is settled."""
    sent, seen = attempt.sent, attempt.substitute_sighting
    if sent is None or outcome is None or (seen is None and outcome in TELLS_NOTHING):
        return Drill()
    if seen is None:
        return Drill(fired=attempt.substitute_tried_at is not None, arrived=False)
    digest, sender, shown = (
        sent.substitute_digest,
        sent.substitute_sender,
        attempt.substitute_senders,
    )
    return Drill(
        fired=True,
        arrived=True,
        in_time=seen.upper <= sent.seen_due,
        once=not attempt.surplus(of_substitute=True),
        whole=seen.text_digest == digest if digest and seen.text_digest else None,
        right_sender=all(sender in each.split(",") for each in shown) if sender and shown else None,
    )
