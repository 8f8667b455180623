"""A small catalogue without a fault, as files: tests change one line and look at what is said."""

from pathlib import Path

PROVIDERS = """\
channels:
  - id: alimtalk
    name: {ko: 알림톡, en: Alimtalk}
    late_s: 120
    observers: [smsforwarder]
  - id: sms
    name: {ko: 문자, en: SMS}
    late_s: 180
    observers: [android-sms-gateway]
  - id: brandmessage
    name: {ko: 브랜드 메시지, en: Brand message}
    late_s: 300
    advertising: true
    restricted: {start: "20:00", end: "08:00"}
    observers: [smsforwarder]
platforms:
  - id: kakaotalk
    name: {ko: 카카오톡, en: KakaoTalk}
providers:
  - id: sens
    name: {ko: 센스, en: SENS}
    min_interval_s: 10
accounts:
  - id: sens
    provider: sens
    name: {ko: 계정, en: Account}
    base_url: https://sens.invalid
    secret: sens
    services: {alimtalk: bongsu, sms: bongsu, brandmessage: bongsu}
    quota: {alimtalk: {day: 10000}, sms: {day: 20000, month: 620000}, brandmessage: {}}
    price_krw: {alimtalk: 8, sms: 9, brandmessage: 15}
    probe_budget_krw_month: 1000000
"""
RECEIVERS = """\
receivers:
  - id: skt-01
    carrier: skt
    os: Android 14
    site: seoul
    secret: receiver-skt-01
    observers:
      - {kind: android-sms-gateway, secret: gateway-skt-01}
      - {kind: smsforwarder, secret: forwarder-skt-01}
"""
BODY = """\
body:
  id: geoje
  name: {ko: 거제시, en: Geoje-si}
  unit: {ko: 경상남도, en: Gyeongsangnam-do}
  notices:
    - id: health
      name: {ko: 보건 안내, en: Health notices}
      notice_class: C3
      audience:
        people: {ko: 시민, en: citizens}
        source: A
      deadline_rule: within hours
      facts:
        - Alimtalk since June 2020 [A]
      ladder:
        - {channel: alimtalk, route: geoje.alimtalk.sens}
        - {channel: sms, route: geoje.sms.sens}
        - {channel: post}
  sources:
    - {key: A, title: a newspaper}
senders:
  - id: geoje-alimtalk
    body: geoje
    account: sens
    channel: alimtalk
    identity: '@geoje'
    quota: {day: 10000}
    templates:
      - code: check
        text: "[거제시] #{점검번호} 전달 점검"
  - id: geoje-sms
    body: geoje
    account: sens
    channel: sms
    secret: number-geoje
    quota: {day: 16000}
    templates:
      - code: short
        text: "[거제시] #{점검번호} 전달 점검, 회신하지 마십시오."
routes:
  - id: geoje.alimtalk.sens
    body: geoje
    notice: health
    channel: alimtalk
    adapter: sens_alimtalk
    account: sens
    sender: geoje-alimtalk
    template: check
    platform: kakaotalk
    receivers: [skt-01]
    failover: {channel: sms, sender: geoje-sms}
  - id: geoje.sms.sens
    body: geoje
    notice: health
    channel: sms
    adapter: sens_sms
    account: sens
    sender: geoje-sms
    template: short
    receivers: [skt-01]
    interval_s: 60
"""
ONCALL = """\
paths:
  - id: first-sms
    name: {ko: 당직 문자, en: On-call SMS}
    notifier: sms
    secret: path-first-sms
    account: sens
    sender: geoje-sms
    carrier: skt
    receiver: skt-01
  - id: first-desk
    name: {ko: 당직 상황판, en: On-call desk}
    notifier: webhook
    secret: path-first-desk
    desk: true
  - id: alertmanager
    name: {ko: 얼러트매니저, en: Alertmanager}
    notifier: alertmanager
    base_url: https://alertmanager.invalid
people:
  - id: first
    name: {ko: 당직 1, en: On-call 1}
    paths: [first-sms, first-desk]
rota:
  id: oncall
  shifts:
    - {person: first, days: [mon, tue, wed, thu, fri, sat, sun], start: "09:00", end: "09:00"}
  escalation:
    - {after_min: 10, people: [first]}
  systems: [alertmanager]
"""
CONTRACTS = """\
contracts:
  - id: geoje.alimtalk.v1
    version: 1
    valid_from: 2026-01-01
    valid_to: 2026-06-30
    body: geoje
    channel: alimtalk
    counterparty: sens
    grade: 2
    routes: [{route: geoje.alimtalk.sens}]
    credit_table:
      - {below_ppm: 999000, credit_ppm: 50000}
      - {below_ppm: 990000, credit_ppm: 150000}
  - id: geoje.alimtalk.v2
    version: 2
    valid_from: 2026-07-01
    body: geoje
    channel: alimtalk
    counterparty: sens
    grade: 1
    routes: [{route: geoje.alimtalk.sens, weight: 2}]
    tz: Asia/Seoul
    service_hours:
      - {days: [mon, tue], start: "09:00", end: "18:00"}
    holidays:
      add: [2026-07-17]
      remove: [2026-10-03]
    settings:
      evidence: observed
      notice_limits:
        - {minutes: 240}
        - {since: 2025-03-28, minutes: 120}
  - id: geoje.sms.v1
    version: 1
    valid_from: 2026-01-01
    body: geoje
    channel: sms
    counterparty: own
    routes:
      - route: geoje.sms.sens
"""
FILES = {
    "providers.yaml": PROVIDERS,
    "receivers.yaml": RECEIVERS,
    "bodies/geoje.yaml": BODY,
    "oncall.yaml": ONCALL,
    "contracts/geoje.yaml": CONTRACTS,
}
ADAPTERS = {"email", "sens_alimtalk", "sens_sms"}


def write(directory: Path, files: dict[str, str] | None = None) -> Path:
    """Write a catalogue's files; those not given are the small ones."""
    for name, text in (FILES | (files or {})).items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory


def changed(name: str, old: str, new: str) -> dict[str, str]:
    """The file of that name with the first `old` replaced, which must be there."""
    assert old in FILES[name], f"{old!r} is not in {name}"
    return {name: FILES[name].replace(old, new, 1)}
