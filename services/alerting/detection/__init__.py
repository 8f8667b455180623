"""Step 7: from evidence and its absence to the smallest set of causes. Pure but for the tail."""

import os

# Threads of numpy's linear algebra, which nobody here needs, start when it is imported: before the
# process blocks its signals, so that one of them would die of SIGTERM, and everything with it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
