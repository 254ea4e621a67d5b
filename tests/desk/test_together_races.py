"""Two operators who decide the same 500 calls at once: each call once, both told the truth, both audits agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.agents import Place
from support.racers import race

from workbench.desk.audit import Audit

ROWS = 500
# One operator lists all that waits, and at the word decides it together: one from the front, one from the back. Each
# has decided a call before either decides its second, so both decide some however late one of the two was.
OPERATOR = """
import time
from pathlib import Path
from workbench.desk.audit import Audit
from workbench.desk.together import decide, group, look_up
from workbench.desk.verbs import BY_ID
name, verb, told = f"ops{number}@bastion", BY_ID[("approve", "reject")[number]], []
home, end = Path(given["homes"]), time.monotonic() + 50
def meet(where):
    (home / where).mkdir(exist_ok=True)
    (home / where / name).touch()
    while len(list((home / where).iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.001)
def tell(one):
    told.append(one)
    if len(told) == 1:
        meet("began")
heads = source.approvals.list_heads(limit=2_000)
keys = sorted(("prod", "approval", head.id) for head in heads)[::1 - 2 * number]
ours = group(verb, look_up(source, "prod", verb, keys))
assert [item.key for item in ours.items] == keys
meet("listed")
became = decide(verb, source, ours.items, "", audit=Audit(home / name, name), told=tell)
assert became == told
print(json.dumps([(one.item.record.id, one.result, str(one.words)) for one in became]))
"""


def test_each_of_500_calls_is_decided_once_and_both_operators_are_told_the_truth(place: Place, tmp_path: Path) -> None:
    with place.open() as source, source.database.transaction():
        ids = sorted(source.approvals.create(tool_name="run_shell", args=f'{{"n": {n}}}').id for n in range(ROWS))
    homes = tmp_path / "homes"
    homes.mkdir()
    answers: list[list[Any]] = race(OPERATOR, place.target, 2, homes=str(homes))
    rows = {id: (by, status) for id, by, status in place.rows("SELECT id, resolved_by, status FROM approvals")}
    assert len(rows) == ROWS
    for number, (told, verdict) in enumerate(zip(answers, ("approved", "rejected"), strict=True)):
        name, other = f"ops{number}@bastion", f"ops{1 - number}@bastion"
        assert [id for id, _, _ in told] == ids[:: 1 - 2 * number]
        for id, result, words in told:
            if result == "done":
                assert (rows[id], words) == ((name, verdict), verdict)
            else:
                assert (result, rows[id][0]) == ("skipped", other)
                assert words.startswith(f"was already {rows[id][1]} by '{other}' at ")
        acts = Audit(homes / name, name).list(limit=2 * ROWS)
        assert not acts.damage and len(acts) == ROWS
        assert {act.entry.keys[0]: act.result for act in acts} == {
            id: verdict if result == "done" else "failed" for id, result, _ in told
        }
        assert all(act.entry.counts == {"together": ROWS} for act in acts)
    done = [[id for id, result, _ in told if result == "done"] for told in answers]
    assert sorted(done[0] + done[1]) == sorted(ids) and all(done)
