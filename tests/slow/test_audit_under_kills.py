"""Many processes act at once for a while and are killed at any moment: the chain holds, and nothing told is lost."""

import random
import subprocess
import sys
from pathlib import Path

from workbench.data.engine.page import every
from workbench.desk.audit import Audit, verify

ACTING = """
import sys
from itertools import count
from pathlib import Path
from workbench.desk.audit import Audit
audit = Audit(Path(sys.argv[1]), sys.argv[2])
for n in count():
    with audit.intent(source="s", verb="approve", noun="approval", keys=[f"{sys.argv[2]}-{n}"],
                      reason="x" * (n * 7919 % 30_000)) as act:
        act.outcome("approved")
    print(n, flush=True)
"""


def test_the_chain_holds_through_forty_kills(tmp_path: Path) -> None:
    dice = random.Random(7)
    told: dict[str, int] = {}

    def start(name: str) -> tuple[str, subprocess.Popen[str]]:
        command = [sys.executable, "-c", ACTING, tmp_path, name]
        return name, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    running = [start(f"p{number}") for number in range(6)]
    for number in range(6, 46):
        name, process = running.pop(0)
        assert process.stdout is not None
        told[name] = [int(process.stdout.readline()) for _ in range(dice.randrange(1, 12))][-1]
        process.kill()
        rest = process.communicate()[0].split()
        told[name] = int(rest[-1]) if rest else told[name]
        running.append(start(f"p{number}"))
    for _, process in running:
        process.kill()
        process.communicate()
    found = verify(tmp_path / "audit.jsonl")
    assert found.ok, found.problems
    audit = Audit(tmp_path, "me")
    with audit.intent(source="s", verb="approve", noun="approval", keys=["last"]):
        pass
    assert verify(audit.path).ok
    ended = {act.entry.keys[0] for act in every(lambda before: audit.list(50, before)) if act.result == "approved"}
    for name, last in told.items():
        assert {f"{name}-{n}" for n in range(last + 1)} <= ended
