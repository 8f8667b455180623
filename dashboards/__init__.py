"""Boards of bongsu: Grafana dashboards made from code, judged before they are shipped.

`house.py` is the one layer over grafanalib, `boards/` holds the boards, `check.py` names the
judges. `preview/` shows them where no Grafana is.
"""
