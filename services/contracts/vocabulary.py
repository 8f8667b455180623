"""Closed sets of words. Every label, column and document uses these members and no others.

A member that is met outside its set is an error, never a new member: growth is a code change.
"""

from enum import IntEnum, StrEnum


class Channel(StrEnum):
    """채널: kind of path to a citizen."""

    ALIMTALK = "alimtalk"
    BRANDMESSAGE = "brandmessage"
    EDOCUMENT = "edocument"
    OPENCHAT = "openchat"
    SMS = "sms"
    LMS = "lms"
    RCS = "rcs"
    EMAIL = "email"
    PUSH = "push"
    WEBPUSH = "webpush"
    WEBHOOK = "webhook"


class Carrier(StrEnum):
    """통신사 of a receiver; `none` where no carrier is involved."""

    SKT = "skt"
    KT = "kt"
    LGU = "lgu"
    MVNO = "mvno"
    NONE = "none"


class NoticeClass(StrEnum):
    """What a lost notice hurts: C0 life within minutes … C4 nothing."""

    C0 = "C0"
    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"


class Stage(StrEnum):
    """단계 of a message; each has its own clock and evidence, none stands in for another."""

    ACCEPTED = "accepted"
    REPORTED = "reported"
    SEEN = "seen"
    OPENED = "opened"


class Purpose(StrEnum):
    """Why a probe was sent. Only `scheduled` enters a ratio: the others would bias it."""

    SCHEDULED = "scheduled"
    CONFIRM = "confirm"
    MANUAL = "manual"
    PROOF = "proof"
    DRILL = "drill"


class AnswerResult(StrEnum):
    """What became of the call to the provider."""

    ACCEPTED = "accepted"  # the provider took the message
    REFUSED = "refused"  # the provider answered no
    UNREACHABLE = "unreachable"  # nothing left the machine, retries within the slot spent
    UNCLEAR = "unclear"  # silence after the request had left; never retried


class ReportState(StrEnum):
    """The provider's word about a message it accepted."""

    DELIVERED = "delivered"  # the provider claims that the device got it
    FAILED = "failed"  # the provider says it will not arrive
    PENDING = "pending"  # in progress, or sent without confirmation (Kakao 3005)
    UNKNOWN = "unknown"  # a code nobody mapped: kept raw, counted, decides nothing


class FaultDomain(StrEnum):
    """Whose fault a refusal or failure is."""

    BODY = "body"
    TEMPLATE = "template"
    SENDER = "sender"
    PROVIDER = "provider"
    PLATFORM = "platform"
    CARRIER = "carrier"
    HANDSET = "handset"
    QUOTA = "quota"
    UNKNOWN = "unknown"


# The body's own configuration: `exempt` in an outcome, not counted against a provider.
CONFIGURATION = frozenset({FaultDomain.BODY, FaultDomain.TEMPLATE, FaultDomain.SENDER})


class Outcome(StrEnum):
    """결과 of an attempt, decided by `contracts.outcome` alone."""

    DELIVERED = "delivered"
    LATE = "late"
    UNDELIVERED = "undelivered"
    REJECTED = "rejected"
    FAILOVER = "failover"
    EXEMPT = "exempt"
    UNKNOWN = "unknown"
    VOID = "void"


class ObserverKind(StrEnum):
    """What saw a message arrive on a receiver."""

    ANDROID_SMS_GATEWAY = "android-sms-gateway"
    SMSFORWARDER = "smsforwarder"
    IMAP = "imap"
    MODEM = "modem"
    HOME_ASSISTANT = "ha"
    ADB = "adb"
    ANCS = "ancs"
    FCM = "fcm"
    WEBPUSH = "webpush"
    PAGE = "page"  # bongsu's own page, at which a document opens


class Placement(StrEnum):
    """Where on the device the message appeared. Spam alone is not seen."""

    INBOX = "inbox"
    NOTIFICATION = "notification"
    SPAM = "spam"


class ClockSource(StrEnum):
    """Whose clock gave an observed time."""

    HANDSET = "handset"
    SMSC = "smsc"
    MAIL_SERVER = "mail-server"
    MODEM_HOST = "modem-host"
    INGEST = "ingest"


class Leg(IntEnum):
    """0 = the route's own channel; 1 … 7 = substitutes in ladder order (3 bits in the nonce)."""

    OWN = 0
    FIRST_SUBSTITUTE = 1
