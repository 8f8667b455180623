"""Steps 1 and 2: which probe is due, announce it, hand it to its provider, record the answer."""
