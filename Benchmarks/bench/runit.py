"""runit: runsvdir, with a runsv for each worker."""

import os
import resource
import signal
import subprocess

from .services import DirectoryService
from .subject import executable

# MAXSERVICES in runsvdir.c.
MOST = 1000


class Runit(DirectoryService):
    name = "runit"
    title = "runit"
    program = "runsvdir"

    def command(self):
        groups = [range(first, min(first + MOST, self.count)) for first in range(0, self.count, MOST)]
        directories = [self.services / str(index) for index in range(len(groups))]
        for directory, numbers in zip(directories, groups):
            self.write_services(directory, numbers)
            # It waits a second for more to come when the directory has just changed.
            os.utime(directory, (0, 0))
        program = str(self.bench.peer("runsvdir"))
        if len(groups) == 1:
            return [program, str(directories[0])]
        return ["/bin/sh", "-c", 'for directory; do "$0" "$directory" & done; wait', program, *map(str, directories)]

    def environment(self):
        return {"PATH": f"{self.bench.peer_root / 'usr/bin'}:{os.environ['PATH']}"}

    def logger(self, directory):
        (directory / "config").write_text("s0\n")
        return f"exec svlogd {directory}"

    def processes(self):
        # The shell that waits for more than one runsvdir isn't runit's.
        return [pid for pid in super().processes() if (executable(pid) or "").rsplit("/", 1)[-1] != "dash"]

    def ask_to_stop(self):
        # At SIGTERM it leaves its services running.
        for pid in self.processes():
            if (executable(pid) or "").endswith("/runsvdir"):
                os.kill(pid, signal.SIGHUP)

    def scrape(self):
        """sv tells of any number of services."""
        services = [service for group in self.services.iterdir() for service in group.iterdir()]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([self.bench.peer("sv"), "status", *services], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return int((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e9)
