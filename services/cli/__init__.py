"""The `bongsu` command: one file a command group, put together in `app`."""
