"""An operator at a screen and another program decide the same 500 calls at once: the screen tells the truth."""

import json
import re
import subprocess
import sys
from pathlib import Path

from support.running import WHERE, press_until, results_of, start

from workbench.data import open_source
from workbench.data.agents.records import Approval

ROWS = 500
OTHER = """
import json, sys
from pathlib import Path
from workbench.data import open_source
from workbench.desk.audit import Audit
from workbench.desk.together import decide, group, look_up
from workbench.desk.verbs import REJECT
with open_source(sys.argv[1]) as source:
    keys = sorted((head.created_at, head.id) for head in source.approvals.list_heads(limit=2_000))
    ours = group(REJECT, look_up(source, "it", REJECT, [("it", "approval", id) for _, id in reversed(keys)]))
    print("ready", flush=True)
    sys.stdin.readline()
    became = decide(REJECT, source, ours.items, "", audit=Audit(Path(sys.argv[2]), "other"))
    print(json.dumps([(one.item.record.id, one.result) for one in became]))
"""


def rows(database: Path) -> dict[str, Approval]:
    with open_source(database, read_only=True) as source:
        return {row.id: row for row in source.approvals.list(limit=2 * ROWS)}


def test_the_report_of_a_screen_agrees_with_the_database_while_another_decides_the_same(tmp_path: Path) -> None:
    database = tmp_path / "agents.db"
    with open_source(database, create=True) as source, source.database.transaction():
        for number in range(ROWS):
            source.approvals.create(tool_name=f"tool_{number}", args="{}", created_by="worker")
    command = [sys.executable, "-c", OTHER, str(database), str(tmp_path / "other")]
    environment = {"PYTHONPATH": str(WHERE)}
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as other,
        start(tmp_path, str(database), "--write") as pty,
    ):
        assert other.stdout is not None and other.stdout.readline() == "ready\n"
        pty.until(f"inbox {ROWS}")
        pty.send("gVGV")
        pty.until(f"{ROWS} marked")
        pty.send("a")
        pty.until(f"Approve {ROWS} calls in")
        place = pty.mark()
        press_until(pty, "A", "not been on screen. Type")
        (unseen,) = set(re.findall(rb"Type ([0-9]+) to", pty.since(place)))
        pty.send(unseen + b"\r")
        out, _ = other.communicate("go\n", timeout=120)
        told = pty.until(f"Approve {ROWS} calls: ", since=place, seconds=120)
        pty.send("q")
        pty.until("inbox 0", since=place, seconds=60)
        pty.send("q")
        assert pty.until_closed() == 0
    theirs = {id for id, result in json.loads(out) if result == "done"}
    found = rows(database)
    assert {id for id, row in found.items() if row.resolved_by == "other"} == theirs
    ours = ROWS - len(theirs)
    assert {row.status for id, row in found.items() if id not in theirs} <= {"approved"}
    said = f"Approve {ROWS} calls: " + ", ".join(
        f"{count} {words}"
        for count, words in ((ours, "approved"), (len(theirs), "skipped (decided or changed by others)"))
        if count
    )
    assert said.encode() in re.sub(rb"\x1b\[[0-?]*[ -/]*[@-~]", b"", told + pty.since(place)), said
    results = results_of(tmp_path)
    assert results  # the newest of them
    assert set(results) <= {"approved", "failed"}
