"""The alerting process: stores evidence and settles outcomes; detection reads the same topics."""
