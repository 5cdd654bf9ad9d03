"""Rounds of faults on one project, and the verdict on each."""

import random
import re
import shutil
import subprocess
import time
from dataclasses import dataclass, field

from tests.faults import damage, disk, kills
from tests.faults.project import KINDS, LONGEST_RUN, Project

MOST_RERUNS = 6
# What a run may say when it stops; anything else counts as unclear.
CLEAR = (
    "changed or damaged since the workflow made it",
    "cannot be locked",
    "another process is training this run",
    "another job writes",
    "No space left on device",
    "Read-only file system",
    "ended by SIG",
    "Terminating",
    "Will exit after finishing currently running jobs",
    "changed since indexed",
    "a file was changed, added or removed",
    "copy the file anew from the dataset",
    "error: ",
    "Missing files after",
)
# Said by Snakemake alone, where its job's own wrapper was killed and could say nothing.
MUTE = "Error in rule"


@dataclass
class Round:
    """One fault or several, the reruns after them, and how it ended."""

    kind: str
    faults: list[str] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    verdict: str = ""
    seconds: float = 0.0


class Campaign:
    """Faults on one project, whose tables an undisturbed run has made before."""

    def __init__(self, project: Project):
        self.project, self.random = project, random.Random()
        self.reference = project.tables()
        self.small = disk.SmallDisk(project.folder)

    def round(self, what: str, seed: str) -> Round:
        """One round of `kill`, `damage`, `mid-run` or `disk full`; the project is whole again afterwards.

        Verdicts: `same` tables at once; `stopped` with a clear message, same tables after the remedy it names;
        `unclear` where a stop said nothing usable; `NEVER ENDS` where no rerun succeeds, or a run hangs; `DIFFER` where
        a run claimed success with other tables.
        """
        self.random.seed(seed)
        begun, done = time.monotonic(), Round(what)
        try:
            {"kill": self._kill, "damage": self._damage, "mid-run": self._mid_run, "disk full": self._full}[what](done)
            self._finish(done)
        except subprocess.TimeoutExpired as error:
            done.verdict = f"NEVER ENDS: {error}"
            for process in kills.working_in(str(self.project.folder)):
                process.kill()
        if not done.verdict.startswith(("same", "stopped", "unclear")):
            self.project.run("--unlock")
            self.project.run("--forceall")  # the next round shall not answer for this one
        done.seconds = round(time.monotonic() - begun, 1)
        return done

    def _again(self) -> list[str]:
        """Arguments that make a random kind of job, and what depends on it, run again."""
        return ["--forcerun", self.random.choice(KINDS)]

    def _kill(self, done: Round) -> None:
        head = None
        for _ in range(self.random.choice((1, 2, 3, 4))):
            # A run that was stopped is gone on with; after one that came to its end something is made again.
            head = self.project.start(*([] if head and head.returncode else self._again()))
            fault = kills.strike(head, self.random)
            head.wait(timeout=LONGEST_RUN)
            if fault:
                done.faults.append(fault)
            if self.random.random() < 0.7:  # else what a killed head left runs beside the rerun
                kills.wait_for_orphans(str(self.project.folder))
            self._note(done, head.returncode)

    def _damage(self, done: Round) -> None:
        hit = damage.damage(self.project.folder, self.random)
        if hit:
            done.faults.append(hit[0])
        if self.random.random() < 0.7:
            status, _ = self.project.run(*self._again())
            self._note(done, status)

    def _mid_run(self, done: Round) -> None:
        head = self.project.start(*self._again())
        time.sleep(self.random.uniform(2, 12))
        hit = damage.damage(self.project.folder, self.random)
        if hit:
            done.faults.append(f"while running, {hit[0]}")
        self._note(done, head.wait(timeout=LONGEST_RUN))

    def _full(self, done: Round) -> None:
        head = self.project.start(*self._again())
        if self.random.random() < 0.7:  # else the disk is full before Snakemake has written anything
            kills.wait_for(head, "command")
        left = self.small.fill(self.random.choice((0, 1, 8, 64, 200)) * 1024)
        done.faults.append(f"disk full: {left} bytes left")
        status = head.wait(timeout=LONGEST_RUN)
        self.small.empty()
        self._note(done, status)

    def _note(self, done: Round, status: int) -> None:
        if status == 0:
            return
        said = self.project.output.read_text(errors="replace")
        if status < 0:
            done.stops.append(f"killed ({status})")
        elif found := [words for words in CLEAR if words in said]:
            lines = [line.strip() for line in said.splitlines() if found[0] in line]
            done.stops.append(lines[0][:200])
        elif MUTE in said and any("of wrapper" in fault for fault in done.faults):
            done.stops.append(MUTE)
        else:
            done.stops.append(f"UNCLEAR: {said[-1500:]}")
        self._remedy(said)

    def _remedy(self, said: str) -> None:
        """Do what the messages ask for: delete named files, remove a dead run's lock."""
        for name in re.findall(r"^  ((?:results|reports|\.snakemake)/.+)$", said, re.M):
            (self.project.folder / name).unlink(missing_ok=True)
        if re.search(
            "changed since indexed|a file was changed, added|results/demo-sysu/raw/.*copy the|raw: found", said
        ):
            (self.project.folder / "results/demo-sysu/raw.json").unlink(missing_ok=True)
        if "was not rendered by this command" in said:
            shutil.rmtree(self.project.folder / "results/demo-sysu/raw", ignore_errors=True)
            (self.project.folder / "results/demo-sysu/raw.json").unlink(missing_ok=True)
        if "cannot be locked" in said:
            kills.wait_for_orphans(str(self.project.folder))
            self.project.run("--unlock")
        if "another process is training" in said:
            kills.wait_for_orphans(str(self.project.folder))

    def _finish(self, done: Round) -> None:
        """Rerun, with the remedies, until a run succeeds; then compare the tables."""
        for _ in range(MOST_RERUNS):
            status, _ = self.project.run()
            if status == 0:
                break
            self._note(done, status)
        kills.wait_for_orphans(str(self.project.folder))
        differ = [name for name, found in self.project.tables().items() if found != self.reference.get(name)]
        differ += [name for name in self.reference if name not in self.project.tables()]
        if status != 0:
            done.verdict = "NEVER ENDS"
        elif differ:
            done.verdict = f"DIFFER: {differ}"
        elif any(stop.startswith("UNCLEAR") for stop in done.stops):
            done.verdict = "unclear"
        else:
            done.verdict = "stopped" if done.stops else "same"
