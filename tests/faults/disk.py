"""A disk so small that it can be filled: a tmpfs, where this user may mount one."""

import shutil
import subprocess
from pathlib import Path

FILLER = "filler"


def mount(folder: Path, megabytes: int) -> bool:
    """Mount an empty file system on a folder; False where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


class SmallDisk:
    """The file system of a folder, filled and emptied again."""

    def __init__(self, folder: Path):
        self.filler = folder / FILLER

    def exists(self) -> bool:
        """Whether the folder has a file system of its own."""
        return self.filler.parent.is_mount()

    def fill(self, leave: int) -> int:
        """Fill the disk but for about so many bytes; how many are left."""
        page = bytes(4096)
        with self.filler.open("wb") as file:
            while shutil.disk_usage(self.filler).free > max(leave, 4096):
                file.write(page)
                file.flush()
        return shutil.disk_usage(self.filler).free

    def empty(self) -> None:
        self.filler.unlink()
