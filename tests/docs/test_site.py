"""The documentation builds as a site in which every link and anchor leads somewhere."""

import subprocess
import sys
from pathlib import Path


def test_the_site_builds_strictly(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {p.relative_to("docs").with_suffix("") for p in Path("docs").rglob("*.md")}
    assert {p for p in pages if p.name != "index"} <= {
        p.parent.relative_to(tmp_path / "site") for p in tmp_path.rglob("index.html")
    }
