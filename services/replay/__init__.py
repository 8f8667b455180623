"""Dated outages played through bongsu: scenario files, and what becomes of them."""
