"""Runs one command that ends when the process that started it does. Executed as a script, with Python's own library only.

`python -I -S leash.py PARENT SIGNAL UID COMMAND...` gives up root for UID (-1 keeps the user), asks the kernel to
send SIGNAL when PARENT dies, and becomes COMMAND. A script of its own and not a `preexec_fn`, which is unsafe in
programs with threads.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    parent, signal_number, uid, *command = arguments
    if int(uid) >= 0:
        os.setgroups([])
        os.setgid(int(uid))
        os.setuid(int(uid))
    # After the change of user, which clears the request.
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal_number))
    # The parent may have died before the request was made.
    if os.getppid() != int(parent):
        raise SystemExit(1)
    os.execv(command[0], command)  # noqa: S606 - the command comes from our own supervisor


if __name__ == "__main__":
    main(sys.argv[1:])
