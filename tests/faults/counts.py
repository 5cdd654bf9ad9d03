"""Counts of a fault campaign, and their place in docs/fault-campaign.md.

python -m tests.faults.counts campaign.jsonl
"""

import json
import sys
from collections import Counter
from pathlib import Path

from files import write_whole

PAGE = Path("docs/fault-campaign.md")
BEGIN, END = "<!-- python -m tests.faults.counts campaign.jsonl -->\n", "<!-- end -->"


def read(path: Path) -> list[dict]:
    """The rounds of a campaign's file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def as_promised(line: dict) -> bool:
    """Whether a round ended with the same tables, at once or after stops that said what is wrong."""
    return line["verdict"] in ("same", "stopped")


def table(lines: list[dict]) -> str:
    """The counts as Markdown."""
    faults = [fault for line in lines for fault in line["faults"]]
    killed = [fault for fault in faults if fault.startswith("SIG")]
    full = [fault for fault in faults if fault.startswith("disk full")]
    verdicts = Counter(line["verdict"].split(":")[0] for line in lines)
    silent = sum(line["verdict"].startswith("DIFFER") and not line["stops"] for line in lines)
    row = {
        "rounds": len(lines),
        "faults": len(faults),
        "kills": len(killed),
        "damaged files": len(faults) - len(killed) - len(full),
        "full disks": len(full),
        "same": verdicts["same"],
        "stopped": verdicts["stopped"],
        "unclear": verdicts["unclear"],
        "never ends": verdicts["NEVER ENDS"],
        "tables that differ": verdicts["DIFFER"],
        "silently wrong": silent,
    }
    parts = [fault.split(" of ") for fault in killed]
    damaged = [fault.removeprefix("while running, ") for fault in faults if fault not in killed and fault not in full]
    return "\n".join(
        [
            f"| {' | '.join(row)} |",
            f"|{'---|' * len(row)}",
            f"| {' | '.join(map(str, row.values()))} |",
            "",
            f"Kills by signal: {_listed(part[0] for part in parts)}.",
            f"Killed processes: {_listed(part[1] for part in parts)}.",
            f"Killed while they did: {_listed(part[2] for part in parts if len(part) > 2)}.",
            f"Damage: {_listed(word.split(':')[0] for word in damaged)}.",
            f"Commit {', '.join(sorted({str(line['commit']) for line in lines}))}; "
            f"{sum(line['seconds'] for line in lines) / 60:.0f} minutes, summed over the rounds.",
            "",
        ]
    )


def _listed(words) -> str:
    return "; ".join(f"{word} {count}" for word, count in Counter(words).most_common()) or "none"


def main() -> None:
    """Put the counts between their marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    with write_whole(PAGE) as temporary:
        counts = table(read(Path(sys.argv[1])))
        temporary.write_text(f"{before}{BEGIN}\n{counts}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
