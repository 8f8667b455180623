"""A preview of the boards for where no Grafana is: the same files and questions, simple pages.

In: `deploy/grafana/dashboards/*.json`, Postgres as `bongsu_grafana`, a Prometheus if there is one.
Out: HTML without anything from elsewhere. It promises nothing about how Grafana looks.
"""
