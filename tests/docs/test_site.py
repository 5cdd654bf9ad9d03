"""The documentation builds as a site in which every link and anchor leads somewhere."""

import os
import subprocess
import sys
from pathlib import Path


def build(folder: Path, site: Path) -> subprocess.CompletedProcess:
    """Build the site of a folder with mkdocs.yml and docs/; a warning is a failure."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_site_builds_with_every_page(tmp_path):
    done = build(Path(), tmp_path / "site")
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {p.relative_to("docs").with_suffix("") for p in Path("docs").rglob("*.md")}
    built = {p.parent.relative_to(tmp_path / "site") for p in tmp_path.rglob("index.html")}
    assert {page for page in pages if page.name != "index"} <= built


def test_a_link_to_nowhere_fails(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# A\n\n[b](nowhere.md) [c](#nothing)\n")
    lines = Path("mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[0]
    (tmp_path / "mkdocs.yml").write_text(lines, encoding="utf-8")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode == 1
    assert "nowhere.md" in done.stderr
    assert "#nothing" in done.stderr
