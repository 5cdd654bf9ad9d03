"""The fault campaign: disturb runs at random and hold the tables to those of an undisturbed run.

python -m tests.faults --rounds 200 --seed 0 --out campaign.jsonl
"""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.faults import disk
from tests.faults.campaign import Campaign, Round
from tests.faults.project import make

SHARES = {"kill": 5, "damage": 4, "mid-run": 2, "disk full": 1}
MEGABYTES = 256


def main() -> int:
    """Run the campaign; 0 if every table came out the same."""
    options = _parser().parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fault campaign ")) / "prøject"
    mounted = disk.mount(folder, MEGABYTES)
    if not mounted:
        print("no tmpfs can be mounted here: rounds of a full disk are left out")
    try:
        project = make(folder)
        status, said = project.run()
        if status != 0:
            print(said[-3000:], file=sys.stderr)
            return 1
        campaign = Campaign(project, options.seed)
        return _rounds(campaign, options, mounted)
    finally:
        if mounted and not options.keep:
            disk.unmount(folder)


def _rounds(campaign: Campaign, options: argparse.Namespace, mounted: bool) -> int:
    shares = {what: share for what, share in SHARES.items() if mounted or what != "disk full"}
    choose = random.Random(options.seed + 1)
    rounds: list[Round] = []
    with options.out.open("a") as file:
        for _ in range(options.rounds):
            done = campaign.round(choose.choices(list(shares), list(shares.values()))[0])
            rounds.append(done)
            file.write(json.dumps(vars(done)) + "\n")
            file.flush()
            if not done.verdict.startswith(("same", "stopped")):
                print(json.dumps(vars(done), indent=1), flush=True)
                if options.stop:
                    break
    faults = sum(len(done.faults) for done in rounds)
    counts = Counter(done.verdict.split(":")[0] for done in rounds)
    print(f"{len(rounds)} rounds, {faults} faults: " + ", ".join(f"{n} {what}" for what, n in counts.items()))
    return 0 if set(counts) <= {"same", "stopped"} else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("campaign.jsonl"), help="one JSON line a round, appended")
    parser.add_argument("--stop", action="store_true", help="end at the first round that is neither same nor stopped")
    parser.add_argument("--keep", action="store_true", help="leave the project's folder as it is at the end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
