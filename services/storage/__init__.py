"""What bongsu keeps: the only import of asyncpg, all SQL in `sql/`, one typed function a query."""
