"""Makes the sockets that are passed (LISTEN_FDS) non-blocking, and executes a program that expects them to be, like nginx.

Usage: nonblocking.py COMMAND [ARGUMENT]...

Who shares a listening socket may be told of a connection that another one takes. If accept(2) then waits for the next
connection, those that it has taken before wait as well.
"""

import os
import sys

for descriptor in range(3, 3 + int(os.environ["LISTEN_FDS"])):
    os.set_blocking(descriptor, False)
os.execvp(sys.argv[1], sys.argv[1:])
