"""What s6 and runit have in common: a directory for each service, with a program `run` in it."""

import os

from .subject import Subject


class DirectoryService(Subject):
    # The program whose absence means that it isn't there.
    program = ""

    @classmethod
    def unavailable(cls, bench):
        return bench.missing_peer(cls.program)

    @property
    def services(self):
        return self.directory / "services"

    def write_services(self, directory, numbers):
        """`run` is the worker itself, which finds its arguments in a file: no shell stands between."""
        directory.mkdir(parents=True)
        for number in numbers:
            service = directory / str(number)
            service.mkdir()
            (service / "arguments").write_text(" ".join(self.worker_arguments(number)))
            (service / "run").symlink_to(self.bench.worker)
            for setting in self.settings():
                # One file for all services, as the kernel's memory for each would count as the supervisor's.
                os.link(setting, service / setting.name)
            if self.lines:
                (service / "log").mkdir()
                log = self.directory / f"log-{number}"
                log.mkdir()
                run = service / "log" / "run"
                run.write_text(f"#!/bin/sh\n{self.logger(log)}\n")
                run.chmod(0o755)

    def settings(self):
        """The files that each service's directory has besides."""
        return []

    def logger(self, directory):
        """The shell command that writes standard input to the directory."""
        raise NotImplementedError
