"""What a page says of one incident, field by field, in the language of its reader. Pure.

In:  an incident with its figures, the catalogue, the time. Out: fields by name, empty where there
is nothing to say. Before: `words.py` asks. After: templates lay them out (`filling.py`).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from services.alerting.incidents.words import KST, Said, Words, lasted, tens
from services.alerting.paging.filling import Language
from services.contracts.catalogue import Catalogue
from services.contracts.vocabulary import NoticeClass
from services.storage.incidents import Figures, Incident

PROVISIONAL = timedelta(seconds=60)  # in which a cause may still change
NAMED, NUMBER = 5, 5  # names in a list; digits of an incident's id that a short form has room for
_WRONG = {
    "dead": Said("불통", "dead"),
    "lossy": Said("일부 불통", "lossy"),
    "slow": Said("지연", "slow"),
    "accept-dead": Said("접수 불가", "refused"),
    "accept-lossy": Said("일부 접수 불가", "partly refused"),
}
_LOST = {
    "slow": Said("늦음", "late"),
    "accept-dead": Said("접수 안 됨", "not accepted"),
    "accept-lossy": Said("접수 안 됨", "not accepted"),
}
_OWN = Said("무응답", "silent")
_MISSING, _SILENT = Said("미도착", "missing"), Said("끊김", "missing")


class Speaker:
    """Who tells in one language, with the names of one catalogue, at one time."""

    def __init__(self, language: Language, catalogue: Catalogue | None, now: datetime) -> None:
        self._ko, self._catalogue, self.now = language == "ko", catalogue, now
        self._words = Words(catalogue)

    def incident(self, row: Incident) -> dict[str, str]:
        """Everything that its row and figures say."""
        return {
            **self._identity(row),
            **self._course(row),
            **self._evidence(row),
            **self._seen(row, row.figures),
            **self._hit(row),
        }

    def said(self, ko: str, en: str) -> str:
        """What is said in our language."""
        return ko if self._ko else en

    def name(self, component: str) -> str:
        """What people call it."""
        return self.said(*self._words.component(component))

    def clock(self, at: datetime) -> str:
        """Hours and minutes; the day too when it is not today's."""
        here, now = at.astimezone(KST), self.now.astimezone(KST)
        return f"{here:%H:%M}" if here.date() == now.date() else f"{here:%m-%d %H:%M}"

    def count(self, count: int) -> str:
        """So many incidents."""
        return self.said(f"장애 {count}건", f"{count} incident{'s' if count > 1 else ''}")

    def many(self, count: int) -> str:
        """How many a short form is about, where it is several."""
        return self.said(f"{count}건 최고", f"{count}, worst ") if count > 1 else ""

    def more(self, count: int, unit: str = "건") -> str:
        """How many are not named."""
        return self.said(f" 외 {count}{unit}", f" and {count} more") if count > 0 else ""

    def _identity(self, row: Incident) -> dict[str, str]:
        title = self.said(row.title_ko, row.title_en)
        return {
            "id": row.id,
            "number": f"#{row.id.rpartition('@')[2][-NUMBER:]}",
            "title": title,
            "name": self.name(row.component),
            "grade": self._grade(row, "심각도 {}", "severity {}", "봉수 자체", "bongsu's own"),
            "mark": self._grade(row, "심각도{}", "SEV{}", "자체고장", "OWN"),
            "again": self.said("다시 발생: ", "back again: ") if row.reopened else "",
            "provisional": self._provisional(row),
        }

    def _course(self, row: Incident) -> dict[str, str]:
        ended = row.ended_at or row.closed_at or self.now
        return {
            "clock": self.clock(row.started_at),
            "since": _exact(row.started_at),
            "detected": f"{row.detected_at.astimezone(KST):%H:%M:%S}",
            "ended": _exact(ended),
            "ended_clock": self.clock(ended),
            "lasted": self.said(*lasted(ended - row.started_at)),
        }

    def _evidence(self, row: Incident) -> dict[str, str]:
        wrong = _OWN if row.monitor else _WRONG[row.hypothesis]
        lost = _SILENT if row.monitor else _LOST.get(row.hypothesis, _MISSING)
        following = row.figures.next if row.figures and row.rival is None else None
        return {
            "wrong": self.said(*wrong), "lost": self.said(*lost),
            "total": str(row.total), "failed": str(row.failed),
            "evidence": tens(row.gain),
            "next": self.name(following) if following else "",
            "margin": tens(row.margin or 0) if following else "",
            "rival": self.name(row.rival) if row.rival else "",
            "alike": self._names(row.alike), "notes": self._names(row.notes),
        }  # fmt: skip

    def _seen(self, row: Incident, found: Figures | None) -> dict[str, str]:
        names = ("dealers", "senders", "receivers", "workers", "beside", "confirms")
        counts = {name: str(getattr(found, name)) if found else "" for name in names}
        counts["confirms"] = "" if counts["confirms"] == "0" else counts["confirms"]
        usual = f"{found.usual_s:.0f}" if found and found.usual_s else ""
        late = found is not None and found.since - row.started_at > PROVISIONAL
        since = self.clock(found.since) if found and late else ""
        counted = self.said(f" ({since} 뒤에 보낸 것)", f" of those sent since {since}")
        return {**counts, "usual": usual, "counted": counted if since else ""}

    def _hit(self, row: Incident) -> dict[str, str]:
        bodies = sorted({name.partition(".")[0] for name in row.routes})
        spread = self.said(f" 기관{len(bodies)}", f", bodies {len(bodies)}")
        return {
            "bodies": str(len(bodies)), "spread": spread if bodies else "",
            "names": self._listed([self._body(name) for name in bodies], unit="곳"),
            "channels": ", ".join(self._channels(row)) or "-",
            "routes": str(len(row.routes)),
            "people": f"{row.people:,}" if row.people else "",
            "deadlines": self._listed(list(self._deadlines(row)), "; ", "건"),
        }  # fmt: skip

    def _deadlines(self, row: Incident) -> Iterator[str]:
        """Notices that must arrive in time, the gravest first."""
        catalogue = self._catalogue
        known = catalogue.routes if catalogue else {}
        routes = [known[name] for name in row.routes if name in known]
        hit = {(route.body, route.notice): route for route in routes}
        notices = [(catalogue.notice_of(r), r.body) for r in hit.values() if catalogue]
        for notice, body in sorted(notices, key=lambda each: (each[0].notice_class, each[1])):
            if notice.notice_class is not NoticeClass.C4:
                rules = notice.deadline_rule.removesuffix(" (inference)").split(" / ")
                called = self.said(notice.name.ko, notice.name.en)
                rule = self.said(rules[0], rules[-1])
                yield f"{self._body(body)} {called} ({notice.notice_class}, {rule})"

    def _channels(self, row: Incident) -> list[str]:
        rules = self._catalogue.channels if self._catalogue else {}
        ids = sorted({name.split(".")[1] for name in row.routes if "." in name})
        return [self.said(rules[i].name.ko, rules[i].name.en) if i in rules else i for i in ids]

    def _body(self, name: str) -> str:
        found = self._catalogue.bodies.get(name) if self._catalogue else None
        return self.said(found.name.ko, found.name.en) if found else name

    def _names(self, components: Sequence[str]) -> str:
        return self._listed([self.name(one) for one in components])

    def _listed(self, names: Sequence[str], mark: str = ", ", unit: str = "개") -> str:
        return mark.join(names[:NAMED]) + self.more(len(names) - NAMED, unit)

    def _grade(self, row: Incident, ko: str, en: str, own_ko: str, own_en: str) -> str:
        if row.monitor:
            return self.said(own_ko, own_en)
        return self.said(ko, en).format(row.severity)

    def _provisional(self, row: Incident) -> str:
        if self.now - row.detected_at >= PROVISIONAL:
            return ""
        return self.said(
            " (잠정: 1분 안에 바뀔 수 있음)", " (provisional: may change within 1 min)"
        )


def _exact(at: datetime) -> str:
    return f"{at.astimezone(KST):%m-%d %H:%M:%S}"
