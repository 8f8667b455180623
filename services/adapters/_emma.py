"""Reception codes that dealers of SMS pass on as carriers' gateways give them (the EMMA family).

Only what SENS and NHN Cloud document alike; what one of them has alone, or words otherwise, stands
in its adapter. The same numbers mean something else in KakaoTalk's table.
"""

from services.adapters.base import Meaning
from services.contracts.vocabulary import FaultDomain, ReportState

FAILED = ReportState.FAILED
BODY, TEMPLATE, SENDER = FaultDomain.BODY, FaultDomain.TEMPLATE, FaultDomain.SENDER
PROVIDER, CARRIER, HANDSET = FaultDomain.PROVIDER, FaultDomain.CARRIER, FaultDomain.HANDSET

# 1xxx: the dealer before the hand-over. 2xxx, 3xxx: carriers.
STATES: dict[str, Meaning] = {
    "1002": (FAILED, BODY, "recipient number format: our receiver's entry"),
    "1019": (FAILED, PROVIDER, "lived too long before the hand-over"),
    "2000": (FAILED, CARRIER, "no carrier report in time"),
    "2001": (FAILED, CARRIER, "radio network"),
    "2002": (FAILED, CARRIER, "radio network to handset"),
    "2003": (FAILED, HANDSET, "powered off"),
    "2004": (FAILED, HANDSET, "buffer full"),
    "2005": (FAILED, HANDSET, "shadow area"),
    "2006": (FAILED, CARRIER, "message deleted"),
    "2007": (FAILED, HANDSET, "temporary handset problem"),
    "3000": (FAILED, CARRIER, "cannot send"),
    "3001": (FAILED, HANDSET, "no such subscriber"),
    "3002": (FAILED, HANDSET, "adult verification"),
    "3003": (FAILED, HANDSET, "void number"),
    "3004": (FAILED, HANDSET, "subscriber suspended"),
    "3005": (FAILED, HANDSET, "in a call"),
    "3006": (FAILED, HANDSET, "reception refused"),
    "3007": (FAILED, HANDSET, "no callback URL support"),
    "3008": (FAILED, HANDSET, "other handset problem"),
    "3009": (FAILED, TEMPLATE, "message format"),
    "3010": (FAILED, HANDSET, "handset without MMS"),
    "3012": (FAILED, TEMPLATE, "spam by the carrier's judgement"),
    "3013": (FAILED, CARRIER, "service refused"),
    "3014": (FAILED, CARRIER, "other"),
    "3015": (FAILED, CARRIER, "no route"),
    "3016": (FAILED, TEMPLATE, "attachment size"),
    "3017": (FAILED, SENDER, "anti-forgery rule of sender numbers"),
    "3018": (FAILED, SENDER, "number enrolled against theft"),
    "3019": (FAILED, SENDER, "blocked by KISA"),
}
