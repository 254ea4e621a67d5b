"""Processes that do the same thing to the same database at the same moment."""

import json
import subprocess
import sys
from typing import Any

_START = """
import json, sys
from workbench.data import open_source
from workbench.data.errors import *
target, number, given = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
with open_source(target) as source:
    print("ready", flush=True)
    sys.stdin.readline()
"""


def race(body: str, target: str, processes: int, **given: Any) -> list[Any]:
    """Run `body` in so many processes at once; the list of what they `print(json.dumps(…))` last.

    It finds `source`, `number` (which of them it is) and `given`.
    """
    code = _START + "\n".join(f"    {line}" for line in body.strip().splitlines())
    runners = [
        subprocess.Popen(
            [sys.executable, "-c", code, target, str(number), json.dumps(given)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(processes)
    ]  # fmt: skip
    for runner in runners:
        assert runner.stdout is not None
        assert runner.stdout.readline() == "ready\n", runner.communicate()[1]
    for runner in runners:
        assert runner.stdin is not None
        runner.stdin.write("go\n")
        runner.stdin.flush()
    answers = []
    for runner in runners:
        said, complaint = runner.communicate(timeout=60)
        assert runner.returncode == 0, complaint
        answers.append(json.loads(said.splitlines()[-1]))
    return answers
