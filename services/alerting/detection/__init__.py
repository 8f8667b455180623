"""Step 7: from evidence and its absence to the smallest set of causes. Pure but for the tail."""
