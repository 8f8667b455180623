"""The catalogue: read from files, checked, compared, published, followed."""
