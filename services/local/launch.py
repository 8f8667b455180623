"""Become a server process that cannot outlive the process which started it.

Run as a script, never imported: `python -I -S launch.py PARENT SIGNAL USER COMMAND...`.
In: the parent's process id, the signal number to get at its death, a user id to become (0: stay
who we are) and the command. Out: this process *is* the command, under the same process id.
Before: `child.Child.start`. After: the server itself.

A small script before the real program, because code run between fork and exec of a process with
threads may hang, and newer Pythons warn of it. It costs 0.02 s.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PARENT_IS_GONE = 3


def become(parent: int, death_signal: int, user: int, command: list[str]) -> None:
    """Replace this process by the command; raises OSError when it cannot be run."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # a parent that waits for signals blocks them
    if user:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    # After the change of user: that change takes the setting back.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        sys.exit(PARENT_IS_GONE)
    os.execvp(command[0], command)


if __name__ == "__main__":
    become(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
