"""What is said between processes, and what it means. Pure: pydantic and the standard library."""
