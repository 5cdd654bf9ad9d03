"""The fault campaign: disturb runs at random and hold the tables to those of an undisturbed run.

python -m tests.faults --rounds 200 --jobs 2 --out campaign.jsonl

Campaigns run side by side, each on a project of its own, and share the file: one JSON line a round. Started again, the
campaign does the rounds that the file lacks. `python -m tests.faults.counts campaign.jsonl` writes the counts.
"""

import argparse
import json
import queue
import random
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path

from tests.faults import counts, disk
from tests.faults.campaign import Campaign
from tests.faults.project import make
from training import provenance

SHARES = {"kill": 8, "damage": 2, "mid-run": 1, "disk full": 1}
MEGABYTES = 256


def main() -> int:
    """Run the rounds that are missing; 0 if every one ended as promised."""
    options = _parser().parse_args()
    commit, _ = provenance.commit()
    before = counts.read(options.out) if options.out.exists() else []
    if others := {line["commit"] for line in before} - {commit}:
        print(f"{options.out}: its rounds are of {others}, not of {commit}; give another --out", file=sys.stderr)
        return 1
    missing = sorted(set(range(options.rounds)) - {line["number"] for line in before})
    with ExitStack() as places, ThreadPoolExecutor(options.jobs) as pool, options.out.open("a") as file:
        idle: queue.Queue[Campaign] = queue.Queue()
        for campaign in pool.map(lambda _: _campaign(places), range(options.jobs)):
            idle.put(campaign)
        rounds = [pool.submit(_round, idle, options.seed, number) for number in missing]
        try:
            for done in as_completed(rounds):
                line = done.result() | {"commit": commit}
                file.write(json.dumps(line) + "\n")
                file.flush()
                if not counts.as_promised(line):
                    print(json.dumps(line, indent=1), flush=True)
        finally:
            pool.shutdown(cancel_futures=True)
    lines = counts.read(options.out)
    print(counts.table(lines))
    return 0 if all(map(counts.as_promised, lines)) else 1


def _campaign(places: ExitStack) -> Campaign:
    """A campaign on a project of its own, which an undisturbed run has finished."""
    top = Path(places.enter_context(tempfile.TemporaryDirectory(prefix="fault campaign ")))
    folder = top / "prøject"
    if disk.mount(folder, MEGABYTES):
        places.callback(disk.unmount, folder)
    else:
        print("no tmpfs can be mounted here: a full disk is not tried")
    project = make(folder)
    status, said = project.run()
    if status != 0:
        raise RuntimeError(said[-3000:])
    return Campaign(project)


def _round(idle: queue.Queue[Campaign], seed: int, number: int) -> dict:
    """Round so and so on a project that is free; what it does depends on seed and number alone, not on who does it."""
    campaign, key = idle.get(), f"{seed} {number}"
    shares = {what: share for what, share in SHARES.items() if what != "disk full" or campaign.small.exists()}
    try:
        done = campaign.round(random.Random(key).choices(list(shares), list(shares.values()))[0], key)
    finally:
        idle.put(campaign)
    return {"number": number} | vars(done)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2, help="campaigns side by side; a core each is about right")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("campaign.jsonl"), help="one JSON line a round, appended")
    return parser


if __name__ == "__main__":
    sys.exit(main())
