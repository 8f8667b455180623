"""Steps 5 and 6: evidence from Kafka to Postgres, and the outcome of what is due."""
