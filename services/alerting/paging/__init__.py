"""Step 9: an incident reaches people, over paths that do not depend on what is broken."""
