"""Step 8: verdicts become incidents people can work with; one leader writes them."""
