"""Checksums of what the workflow made: kept beside each file, verified before a job reads it and when a run starts.

`images.csv` has its SHA-256 in `.images.csv.sha256`, in the form that `sha256sum --check` reads. Snakemake compares
times and would build on a file that a disk, a copy or a person changed; this says so instead.

    python -m workflow.checksums            check every file under results/ and reports/
"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from files import sha256, write_whole

FOLDERS = ("results", "reports")
RECORDS = (".snakemake/metadata", ".snakemake/incomplete")
# A start reads files up to this size whole and trusts the modification time of larger ones; jobs read all they use.
WHOLE_AT_START = 1_000_000
REMEDY = "restore it, or delete it and start again: what depends on it is made again"


class DamagedFile(Exception):
    """Files that are not as the workflow made them; the message names them and the remedy."""


def record_of(path: Path) -> Path:
    """Where a file's checksum is kept."""
    return path.with_name(f".{path.name}.sha256")


def record(path: Path) -> None:
    """Keep a file's checksum; the record carries the file's modification time."""
    kept = record_of(path)
    with write_whole(kept) as temporary:
        temporary.write_text(f"{sha256(path)}  {path.name}\n", encoding="utf-8")
    _stamp(kept, path.stat())


def forget(path: Path) -> None:
    """Delete a file's checksum, because the file is about to be made."""
    record_of(path).unlink(missing_ok=True)


def is_damaged(path: Path) -> bool:
    """Whether a file differs from its record; one without a record, or that a job makes anew meanwhile, is sound."""
    try:
        kept = record_of(path).read_bytes()
        return kept.split(b" ")[0] != sha256(path).encode() and kept == record_of(path).read_bytes()
    except FileNotFoundError:
        return False


def refuse_damaged(paths: Iterable[Path]) -> None:
    """Raise DamagedFile if any of these files, as far as they exist, differs from its record."""
    bad = [path for path in paths if path.is_file() and is_damaged(path)]
    if bad:
        named = "\n".join(f"  {path}" for path in bad)
        raise DamagedFile(f"changed or damaged since the workflow made it (checksum beside it); {REMEDY}:\n{named}")


def recorded(folders: Iterable[str]) -> Iterator[Path]:
    """Every file below the folders that has a record and exists."""
    for folder in folders:
        for where, _, names in os.walk(folder):
            present = set(names)
            for name in names:
                if name.startswith(".") and name.endswith(".sha256") and name[1:-7] in present:
                    yield Path(where, name[1:-7])


def refuse_damaged_results() -> None:
    """The check when a run starts: raise DamagedFile unless every recorded file is as it was made."""
    refuse_damaged([path for path in recorded(FOLDERS) if not _trusted(path)])


def refuse_unreadable_records() -> None:
    """Raise DamagedFile if one of Snakemake's own records is no text: it would end with a traceback that names none."""
    paths = [path for folder in RECORDS for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    bad = "".join(f"\n  {path}" for path in paths if not _is_text(path))
    if bad:
        raise DamagedFile(f"Snakemake's record of how it made a file is damaged; delete it and start again:{bad}")


def _is_text(path: Path) -> bool:
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    except FileNotFoundError:  # another workflow here has just finished with it
        return True
    return True


def _trusted(path: Path) -> bool:
    try:
        found = path.stat()
        return found.st_size > WHOLE_AT_START and found.st_mtime_ns == record_of(path).stat().st_mtime_ns
    except FileNotFoundError:  # a job of another workflow here is making it anew
        return True


def _stamp(kept: Path, found: os.stat_result) -> None:
    os.utime(kept, ns=(found.st_mtime_ns, found.st_mtime_ns))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m workflow.checksums", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.parse_args()
    paths = list(recorded(FOLDERS))
    try:
        refuse_damaged(paths)
    except DamagedFile as error:
        sys.exit(f"error: {error}")
    print(f"{len(paths)} files are as the workflow made them")


if __name__ == "__main__":
    main()
