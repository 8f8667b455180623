"""How a process lives. No domain words here."""
