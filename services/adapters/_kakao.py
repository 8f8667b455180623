"""Kakao's result codes, which dealers pass on under the same numbers (SENS, NHN Cloud).

Document: KakaoTalk error codes of NHN Cloud (docs.nhncloud.com, 2026-06). Success is not here:
each dealer spells it its own way (SENS `0000`, NHN `1000`).
"""

from services.adapters.base import Meaning
from services.contracts.vocabulary import FaultDomain, ReportState

FAILED, PENDING = ReportState.FAILED, ReportState.PENDING
BODY, TEMPLATE, SENDER = FaultDomain.BODY, FaultDomain.TEMPLATE, FaultDomain.SENDER
PROVIDER, PLATFORM = FaultDomain.PROVIDER, FaultDomain.PLATFORM
HANDSET, QUOTA = FaultDomain.HANDSET, FaultDomain.QUOTA

# (*): of advertising messages only.
STATES: dict[str, Meaning] = {
    "1001": (FAILED, BODY),  # request is not JSON
    "1002": (FAILED, PROVIDER),  # hub partner key: the dealer's own credential
    "1003": (FAILED, SENDER),  # sender profile key
    "1004": (FAILED, BODY),  # a required name is missing
    "1006": (FAILED, SENDER),  # profile deleted
    "1007": (FAILED, SENDER),  # profile blocked
    "1011": (FAILED, BODY),  # no contract
    "1012": (FAILED, BODY),  # user key format
    "1013": (FAILED, TEMPLATE),  # app link
    "1014": (FAILED, BODY),  # business number invalid
    "1015": (FAILED, BODY),  # app user id
    "1016": (FAILED, BODY),  # business number differs
    "1020": (FAILED, BODY),  # phone number missing or invalid
    "1021": (FAILED, SENDER),  # channel blocked
    "1022": (FAILED, SENDER),  # channel closed
    "1023": (FAILED, SENDER),  # channel deleted
    "1024": (FAILED, SENDER),  # channel about to be deleted
    "1025": (FAILED, SENDER),  # channel sanctioned
    "1027": (FAILED, SENDER),  # messages of the channel sanctioned
    "1028": (FAILED, BODY),  # (*) targeting not allowed
    "1030": (FAILED, BODY),  # bad parameter
    "1033": (FAILED, TEMPLATE),  # (*) template and bubble type differ
    "2001": (FAILED, PLATFORM),  # unexpected error
    "2003": (FAILED, SENDER),  # test server without the channel
    "2005": (FAILED, PLATFORM),  # image could not be read
    "3000": (FAILED, PLATFORM),  # unexpected error
    "3005": (PENDING, None),  # sent, reception not confirmed: neither failed nor delivered
    "3006": (FAILED, PLATFORM),  # internal error
    "3008": (FAILED, HANDSET),  # phone number error
    "3010": (FAILED, PLATFORM),  # unexpected error
    "3011": (FAILED, PLATFORM),  # message does not exist
    "3012": (FAILED, PLATFORM),  # no communication with Kakao
    "3013": (FAILED, TEMPLATE),  # empty message
    "3014": (FAILED, TEMPLATE),  # text too long
    "3015": (FAILED, TEMPLATE),  # template not found
    "3016": (FAILED, TEMPLATE),  # text does not match the template
    "3018": (FAILED, HANDSET),  # number and SIM differ, or the user is inactive
    "3019": (FAILED, HANDSET),  # no KakaoTalk user
    "3020": (FAILED, HANDSET),  # user blocks Alimtalk
    "3021": (FAILED, HANDSET),  # KakaoTalk too old
    "3022": (FAILED, BODY),  # (*) outside the sending hours
    "3023": (FAILED, BODY),  # JSON syntax
    "3024": (FAILED, TEMPLATE),  # image cannot be sent
    "3025": (FAILED, TEMPLATE),  # variable too long
    "3026": (FAILED, TEMPLATE),  # button extra or event too long
    "3027": (FAILED, TEMPLATE),  # button differs
    "3028": (FAILED, TEMPLATE),  # emphasised title differs
    "3029": (FAILED, TEMPLATE),  # emphasised title too long
    "3030": (FAILED, TEMPLATE),  # message and emphasis type differ
    "3031": (FAILED, TEMPLATE),  # header differs
    "3032": (FAILED, TEMPLATE),  # header too long
    "3033": (FAILED, TEMPLATE),  # item highlight differs
    "3034": (FAILED, TEMPLATE),  # highlight title too long
    "3035": (FAILED, TEMPLATE),  # highlight description too long
    "3036": (FAILED, TEMPLATE),  # item list differs
    "3037": (FAILED, TEMPLATE),  # item description too long
    "3038": (FAILED, TEMPLATE),  # item summary differs
    "3039": (FAILED, TEMPLATE),  # item summary too long
    "3040": (FAILED, TEMPLATE),  # item summary characters
    "3041": (FAILED, TEMPLATE),  # (*) wide item count
    "3042": (FAILED, TEMPLATE),  # representative link differs
    "3043": (FAILED, TEMPLATE),  # (*) image variables differ
    "3044": (FAILED, TEMPLATE),  # (*) coupon variables differ
    "3045": (FAILED, TEMPLATE),  # (*) commerce variables differ
    "3046": (FAILED, TEMPLATE),  # (*) length
    "3047": (FAILED, TEMPLATE),  # (*) length
    "3048": (FAILED, BODY),  # (*) group tag key
    "3050": (FAILED, BODY),  # (*) targeting without opt-out number
    "3051": (FAILED, TEMPLATE),  # (*) carousel count
    "3052": (FAILED, TEMPLATE),  # (*) length
    "3053": (FAILED, TEMPLATE),  # (*) carousel template differs
    "3054": (FAILED, TEMPLATE),  # (*) carousel button differs
    "3055": (FAILED, TEMPLATE),  # (*) carousel coupon differs
    "3056": (FAILED, TEMPLATE),  # (*) length
    "3057": (FAILED, TEMPLATE),  # (*) carousel commerce differs
    "3058": (FAILED, TEMPLATE),  # (*) length
    "4000": (PENDING, None),  # result not found: lost, or not yet there
    "4001": (PENDING, None),  # state unknown to Kakao itself
    "4100": (FAILED, BODY),  # request id
    "4101": (FAILED, BODY),  # request date
    "4102": (FAILED, TEMPLATE),  # template request
    "4103": (FAILED, PROVIDER),  # hub partner not found: the dealer's own credential
    "4104": (FAILED, SENDER),  # sender profile not found
    "4110": (FAILED, TEMPLATE),  # bubble type
    "4120": (FAILED, TEMPLATE),  # payload
    "4121": (FAILED, BODY),  # target
    "4122": (FAILED, PLATFORM),  # result look-up error
    "4130": (FAILED, BODY),  # request id pattern
    "4131": (FAILED, BODY),  # duplicate request id
    "4132": (FAILED, TEMPLATE),  # variables differ
    "4133": (FAILED, TEMPLATE),  # template stopped
    "4134": (FAILED, TEMPLATE),  # template changed
    "4137": (FAILED, PLATFORM),  # request failed, as the next ones
    "4138": (FAILED, QUOTA),  # (*) count limit
    "4139": (FAILED, PLATFORM),
    "4140": (FAILED, PLATFORM),
    "4141": (FAILED, PLATFORM),
    "4142": (FAILED, PLATFORM),
    "4143": (FAILED, PLATFORM),  # request expired
    "4144": (FAILED, TEMPLATE),  # body over 30 KB
    "4156": (FAILED, QUOTA),  # count limit
    "4161": (PENDING, None),  # being processed
    "9998": (FAILED, PLATFORM),  # service not available
    "9999": (FAILED, PLATFORM),  # unknown system error
}
