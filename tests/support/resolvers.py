"""Processes of their own that decide approvals, all at once, as the operators of one evening do."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

_RESOLVER = """
import json, sys
from workbench.data import Conflict, open_source

job = json.loads(sys.stdin.readline())
with open_source(job["target"]) as source:
    approvals, name = source.approvals, job["name"]
    shown = {id: approvals.get(id) for id in job["ids"]} if job["bound"] else {}
    print("ready", flush=True)
    sys.stdin.readline()
    won, lost, failed = [], [], []
    for id in job["ids"]:
        try:
            if job["bound"]:
                row = approvals.decide(id, "rejected", shown=shown[id], resolved_by=name)
            else:
                row = approvals.resolve(id, "approved", resolved_by=name)
            assert row.resolved_by == name
            won.append(id)
        except Conflict as conflict:
            lost.append(str(conflict))
        except Exception as error:
            failed.append(repr(error))
    print(json.dumps([won, lost, failed]), flush=True)
"""


@dataclass
class Resolvers:
    """Some processes that have a database open and wait for a word; then each decides its ids, in its order.

    `bound` has them decide what they were shown before the word, instead of whatever stands there.
    """

    target: str
    work: Sequence[Sequence[str]]
    bound: bool = False
    processes: list["subprocess.Popen[str]"] = field(default_factory=list)

    def __enter__(self) -> Self:
        for _ in self.work:
            command = [sys.executable, "-c", _RESOLVER]
            self.processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        for number, (process, ids) in enumerate(zip(self.processes, self.work, strict=True)):
            self._say(process, {"target": self.target, "name": f"operator-{number}", "ids": ids, "bound": self.bound})
        for process in self.processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        return self

    def go(self) -> None:
        """Give the word."""
        for process in self.processes:
            self._say(process, "go")

    def results(self) -> list[tuple[list[str], list[str], list[str]]]:
        """Of each process: the ids that it decided, what it was told of the others, and what else went wrong."""
        return [tuple(json.loads(process.communicate(timeout=600)[0])) for process in self.processes]  # type: ignore[misc]

    def _say(self, process: "subprocess.Popen[str]", words: Any) -> None:
        assert process.stdin is not None
        process.stdin.write(json.dumps(words) + "\n")
        process.stdin.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()


def one_winner_each(ids: Sequence[str], results: list[tuple[list[str], list[str], list[str]]]) -> dict[str, int]:
    """Check that every id was decided by exactly one process and refused to all others; who decided which."""
    assert [failed for _, _, failed in results if failed] == []
    winners: dict[str, int] = {}
    for number, (won, _, _) in enumerate(results):
        for id in won:
            assert id not in winners, f"{id} was decided twice"
            winners[id] = number
    assert set(winners) == set(ids)
    conflicts = [sentence for _, lost, _ in results for sentence in lost]
    assert len(conflicts) == len(ids) * (len(results) - 1)
    assert all("was already approved by 'operator-" in sentence for sentence in conflicts)
    return winners
