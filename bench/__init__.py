"""Measurements on seeded worlds made up for it: `make bench ONLY=<module>`. Not in the product."""
