"""The monthly report: figures from stored evidence by rule s1, in integers."""

import os

# Threads of numpy's linear algebra, which nobody here needs, start when it is imported: before the
# process blocks its signals, so that one of them would die of SIGTERM, and everything with it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
