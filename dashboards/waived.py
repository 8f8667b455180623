"""What the judges let pass, each with its reason. An entry nothing needs any more is a problem."""

_ANNOTATED = ("channel", "body", "incident", "pipeline", "sla")
_DERIVED = ("incident", "channel", "provider")

# Questions that are rightly without a row where nothing happened. Key as in `queries.Query`.
MAY_BE_EMPTY = {
    "bongsu-channel/10": "nothing failed",
    "bongsu-channel/11": "no provider of the channel reports deliveries",
    "bongsu-channel/12": "nothing failed",
    "bongsu-body/7": "nothing failed",
    "bongsu-body/8": "the body has no observed channel",
    "bongsu-body/3": "no outage concerned the body",
    **dict.fromkeys(
        (f"bongsu-pipeline/{n}" for n in ("5", "6", "6.2", "10")), "nothing was thrown away"
    ),
    "bongsu-pipeline/13": "nobody was paged",
    "bongsu-pipeline/20": "nobody outside was named",
    "bongsu-wall/9": "no outage is open",
    "bongsu-wall/10": "nothing failed",
    "bongsu-wall/15": "nothing of bongsu's own is broken",
    **{f"bongsu-{name}/변경": "nobody changed anything" for name in _ANNOTATED},
    **{f"bongsu-{name}/장애": "there was no outage" for name in _ANNOTATED},
    **{f"bongsu-incident/{n}": "there was no incident yet" for n in (1, 2, 3, 8)},
    **{f"bongsu-incident/${n}": "there was no incident yet" for n in _DERIVED},
    **{f"bongsu-sla/{n}": "no month is sealed yet" for n in (3, 4, 5, 7)},
    "bongsu-sla/$month": "no month is sealed yet",
    "bongsu-body/2": "nothing of the month is counted yet",
    "bongsu-body/6": "no day is counted yet",
    "bongsu-incident/9": "nobody changed anything before it",
    "bongsu-incident/10": "it is the first of its kind",
    "bongsu-incident/11": "nothing of it is settled yet",
}

_ITSELF = "read by people on the ops port, once the board of bongsu itself has led there"
_PROVIDERS = "read by people on the ops port: no board shows providers yet"
_RECEIVERS = "read by people on the ops port: no board shows receivers yet"

# Declared metrics that no board and no rule uses.
METRICS = {
    "bongsu_answers_total": _ITSELF,
    "bongsu_catalogue_rejected_total": _ITSELF,
    "bongsu_detection_candidates": _ITSELF,
    "bongsu_detection_late_records_total": _ITSELF,
    "bongsu_ingest_look_ups_dropped_total": _ITSELF,
    "bongsu_ingest_look_ups_pending": _ITSELF,
    "bongsu_ingest_look_ups_total": _ITSELF,
    "bongsu_ingest_mailbox_failures_total": _ITSELF,
    "bongsu_ingest_mails_total": _ITSELF,
    "bongsu_probe_answered_total": _PROVIDERS,
    "bongsu_probe_clock_suspect_total": _RECEIVERS,
    "bongsu_probe_commands_total": _ITSELF,
    "bongsu_probe_routes": _ITSELF,
    "bongsu_probe_unfinished_total": _ITSELF,
    "bongsu_provider_api_requests_total": _PROVIDERS,
    "bongsu_provider_api_seconds": _PROVIDERS,
    "bongsu_provider_quota_remaining_ratio": _PROVIDERS,
    "bongsu_receiver_battery_ratio": _RECEIVERS,
    "bongsu_receiver_clock_offset_seconds": _RECEIVERS,
    "bongsu_report_last_success_timestamp_seconds": _ITSELF,
}
