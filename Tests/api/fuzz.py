#!/usr/bin/env python3
"""Has Schemathesis ask a supervisor for what its OpenAPI document describes, and for what it doesn't.

Usage: fuzz.py SOCKET

Runs with the Python of .build/test-tools. The supervisor runs the services web and job. What ends it is left out. The
environment variable CADRE_TEST_EXAMPLES is how many requests of each kind there are at the most.
"""

import os
import pathlib
import random
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).parent
relay = subprocess.Popen([sys.executable, here / "relay.py", sys.argv[1]], stdout=subprocess.PIPE, text=True)
try:
    address = f"http://127.0.0.1:{int(relay.stdout.readline())}"
    arguments = [
        *["--config-file", here / "schemathesis.toml", "run", f"{address}/v1/openapi.json", "--url", address],
        *["--exclude-path-regex", "^/v1/(shutdown|upgrade|hand-over)$", "--phases", "examples,coverage,fuzzing"],
        *["--max-examples", os.environ.get("CADRE_TEST_EXAMPLES", "40"), "--continue-on-failure"],
        *["--seed", os.environ.get("CADRE_TEST_SEED", str(random.randrange(1 << 32)))],
        *["--request-timeout", "30", "--generation-database", "none", "--no-shrink", "--no-color", "--warnings", "off"],
    ]
    with tempfile.TemporaryDirectory() as scratch:
        result = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", *arguments],
            cwd=scratch,
            env={**os.environ, "SCHEMATHESIS_HOOKS": str(here / "fuzz_hooks.py")},
        )
finally:
    relay.kill()
sys.exit(result.returncode)
