"""The objectives of a contract in OpenSLO's words, which other tools read.

In:  a contract in force. Out: an SLO for each share it promises, by measure, for the report's JSON.
Source: OpenSLO v1. It knows shares only, so time to fix and latency stay in the contract. Figures
are the report's; this says what they are measured against.
"""

from services.contracts.report_words import Value
from services.contracts.sla import ALL, Contract


def openslo(contract: Contract) -> dict[str, Value]:
    """`availability` and `delivery`, each only if it is judged."""
    objectives = {
        "availability": (contract.availability_ppm, _minutes(contract)),
        "delivery": (contract.objectives.delivery_ppm, {"budgetingMethod": "Occurrences"}),
    }
    return {
        measure: _slo(contract, measure, target, how)
        for measure, (target, how) in objectives.items()
        if target is not None
    }


def _minutes(contract: Contract) -> dict[str, str]:
    """Availability is of minutes: each weighs by its share that was up, or is good or bad."""
    if contract.settings.partial == "weighted":
        return {"budgetingMethod": "RatioTimeslices", "timeSliceWindow": "1m"}
    least = ALL if contract.settings.partial == "full" else 1
    return {
        "budgetingMethod": "Timeslices", "timeSliceWindow": "1m", "timeSliceTarget": _share(least),
    }  # fmt: skip


def _slo(contract: Contract, measure: str, target: int, how: dict[str, str]) -> Value:
    objective: dict[str, Value] = {"displayName": measure, "target": _share(target)}
    objective |= {name: text for name, text in how.items() if name != "budgetingMethod"}
    began = f"{contract.valid_from} 00:00:00"
    return {
        "apiVersion": "openslo/v1",
        "kind": "SLO",
        "metadata": {"name": _name(contract.item, measure)},
        "spec": {
            "service": _name(contract.body),
            "indicatorRef": _name(contract.item, measure),
            "budgetingMethod": how["budgetingMethod"],
            "timeWindow": [
                {
                    "duration": "1M",
                    "isRolling": False,
                    "calendar": {"startTime": began, "timeZone": contract.tz},
                }
            ],
            "objectives": [objective],
        },
    }


def _share(ppm: int) -> str:
    return f"{ppm // ALL}.{ppm % ALL:06}"


def _name(*parts: str) -> str:
    """OpenSLO allows small letters, digits and hyphens."""
    return "-".join(parts).replace(".", "-").replace("_", "-")
