"""정정: what a correction of a month says beside its reason, by kind.

In:  the YAML of `bongsu report correct`, the JSON of the API. Out: what a revision is made with.
Times are given with their offset. Nobody types a figure: it is recomputed from these.
"""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AwareDatetime, Field, TypeAdapter, model_validator

from services.contracts.model import Model
from services.contracts.report_words import CorrectionKind, FaultKind
from services.contracts.sla import Contract

Component = Annotated[str, Field(pattern=r"^[a-z_]+:[a-z0-9][a-z0-9._/-]{0,99}$")]
Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
SHORTEST_REASON, LONGEST_REASON = 20, 2000


class _Span(Model):
    """Half-open."""

    start: AwareDatetime = Field(alias="from")
    to: AwareDatetime

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.start >= self.to:
            raise ValueError("`from` lies before `to`")
        return self


class EvidenceImport(Model):
    """Evidence that came late, stored as all evidence is, counts: all known until the proposal."""

    kind: Literal["evidence_import"]


class MonitorFault(_Span):
    """A part of bongsu was blind: `receiver:…`, `worker:…`, `site:…` or `observer:…`."""

    kind: Literal["monitor_fault"]
    component: Component
    cause: FaultKind


class MaintenanceProof(Model):
    """Planned work was announced earlier than bongsu saw it."""

    kind: Literal["maintenance_proof"]
    maintenance: str = Field(min_length=1, max_length=200)
    announced_at: AwareDatetime
    proof: Sha


class Exclusion(_Span):
    """What both sides agreed to leave out, on this component."""

    kind: Literal["exclusion"]
    component: Component
    cause: Literal["force_majeure", "body_caused", "upstream", "other"]


class DeclaredOutage(_Span):
    """The provider's own notice says that it was down: unmeasured minutes of the channel count."""

    kind: Literal["declared_outage"]
    channel: str
    proof: Sha


class ContractFix(Model):
    """The contract item as it should have been entered: it replaces the version of its id."""

    kind: Literal["contract_fix"]
    contract: Contract


class Objection(Model):
    """이의 제기: `by` holds it against a closed month; `channel`: of one only."""

    by: str = Field(min_length=1, max_length=200)
    about: str = Field(min_length=1, max_length=2000)
    channel: str | None = None
    attachment: Sha | None = None


Data = EvidenceImport | MonitorFault | MaintenanceProof | Exclusion | DeclaredOutage | ContractFix
KINDS: tuple[CorrectionKind, ...] = (
    "evidence_import", "monitor_fault", "maintenance_proof", "exclusion", "declared_outage",
    "contract_fix",
)  # fmt: skip
MODELS: dict[str, type[Data]] = {
    get_args(one.model_fields["kind"].annotation)[0]: one for one in get_args(Data)
}
_DATA: TypeAdapter[Data] = TypeAdapter(Annotated[Data, Field(discriminator="kind")])


def data_of(kind: str, data: dict[str, Any]) -> Data:
    """The data of a correction of that kind. Raises ValidationError for any other."""
    return _DATA.validate_python({**data, "kind": kind})


def written(data: Data) -> dict[str, Any]:
    """As it is stored, beside its kind."""
    return data.model_dump(mode="json", by_alias=True, exclude={"kind"})
