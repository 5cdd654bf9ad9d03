"""Readers of the small text files and folders of a dataset; their only exception is `DatasetError`."""

from itertools import pairwise
from pathlib import Path, PurePosixPath

from datasets import DatasetError

JUNK = "remove files that the dataset does not hold (Thumbs.db, .DS_Store, ._* and the like)"


def require_folder(folder: Path, remedy: str) -> Path:
    """`folder` itself, or `DatasetError` with the remedy; if it lies one level deeper, the error says where."""
    if not folder.is_dir():
        deeper = sorted(folder.parent.glob(f"*/{folder.name}"))
        found = f"; it lies one level deeper, point `root` at {deeper[0].parent}" if deeper else ""
        raise DatasetError(f"{folder}: no such folder{found}. {remedy}")
    return folder


def read_lines(file: Path, remedy: str) -> list[str]:
    """The lines of a UTF-8 text file without trailing blank ones; `DatasetError` if missing, unreadable or empty."""
    if not file.is_file():
        raise DatasetError(f"{file}: no such file. {remedy}")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{file}: cannot be read as text ({error}). {remedy}") from error
    lines = text.rstrip().splitlines()
    if not lines:
        raise DatasetError(f"{file}: the file is empty. {remedy}")
    return lines


def read_identities(file: Path, remedy: str) -> list[int]:
    """The identities of a one-line, comma-separated list, sorted; `DatasetError` for anything else or a repetition."""
    lines = read_lines(file, remedy)
    if len(lines) > 1:
        raise DatasetError(
            f"{file}: found {len(lines)} lines, expected one line of comma-separated identities. {remedy}"
        )
    words = [word.strip() for word in lines[0].split(",")]
    for word in words:
        if not (word.isascii() and word.isdigit() and len(word) <= 6):
            raise DatasetError(f"{file}: found {word[:40]!r}, expected identities such as 6,10,17. {remedy}")
    identities = sorted(int(word) for word in words)
    for one, two in pairwise(identities):
        if one == two:
            raise DatasetError(f"{file}: identity {one} is listed twice. {remedy}")
    return identities


def read_idx(file: Path, remedy: str) -> list[tuple[str, int]]:
    """The (path, label) lines of an index file; a path that leaves the dataset's folder is refused, not followed."""
    rows = []
    for number, line in enumerate(read_lines(file, remedy), start=1):
        path, _, label = line.strip().rpartition(" ")
        if not path or not (label.isascii() and label.isdigit() and len(label) <= 6):
            raise DatasetError(
                f"{file}: line {number}: found {line[:80]!r}, expected `<path> <label>`, the label a whole number. "
                f"{remedy}"
            )
        if "\\" in path:
            raise DatasetError(
                f"{file}: line {number}: {path[:80]!r} has backslashes, expected forward slashes; replace them"
            )
        if path.startswith("/") or ":" in path or "\0" in path or ".." in PurePosixPath(path).parts:
            raise DatasetError(
                f"{file}: line {number}: {path[:80]!r} leads out of the dataset's folder; distrust this copy. {remedy}"
            )
        rows.append((path, int(label)))
    return rows


def list_folder(folder: Path) -> list[Path]:
    """Everything in `folder`, sorted by name; `DatasetError` if it cannot be listed."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be listed ({error}); make it readable") from error
