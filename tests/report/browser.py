"""A page in headless Chromium: what its console said, whether pictures came, whether tables sort and fit."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
]  # fmt: skip

# Runs inside the page, which sits in a frame of the wanted width, and tells the frame's owner what it found.
PROBE = """
<script>
window.problems = [];
const size = (element) => parseFloat(getComputedStyle(element).fontSize);
const outside = /^(https?:)?\\/\\//;
addEventListener("error", (e) => window.problems.push(e.message || "failed: " + (e.target.src || e.target.href)), true);
addEventListener("load", () => setTimeout(() => {
  const sorts = [...document.querySelectorAll("table.sortable")].map((table) => {
    const column = table.querySelector("thead tr:last-child th:last-child") ;
    const read = () => [...table.tBodies[0].rows].map((row) => row.cells[row.cells.length - 1].dataset.value ?? null);
    const before = read();
    column.querySelector("button").click();
    const down = read();
    column.querySelector("button").click();
    return { before, down, up: read() };
  });
  parent.postMessage(JSON.stringify({
    problems: window.problems,
    images: [...document.images].map((i) => ({ alt: i.alt, loaded: i.complete && i.naturalWidth > 0 })),
    sorts,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    smallest: Math.min(...[...document.querySelectorAll("td, th, p, figcaption")].map(size)),
    outside: [...document.querySelectorAll("[src],[href]")].map((e) => e.src || e.href).filter((u) => outside.test(u)),
  }), "*");
}, 50));
</script>
"""

# The same for Snakemake's own report, a React application with the globals `app`, `categories` and `results`: opens
# every category and every result as its buttons do.
SNAKEMAKE_PROBE = """
<script>
window.problems = [];
addEventListener("error", (e) => window.problems.push(e.message || "failed: " + (e.target.src || e.target.href)), true);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
addEventListener("load", async () => {
  await pause(200);
  const shown = {}, listed = {};
  for (const category of Object.keys(categories)) {
    app.showCategory(category);
    await pause(50);
    listed[category] = document.body.innerText;
  }
  for (const [path, result] of Object.entries(results)) {
    const kind = result.data_uri.startsWith("data:text/html") ? "html" : "img";
    app.setView({ content: kind, contentPath: result.data_uri, resultPath: path });
    await pause(300);
    const elements = [...document.querySelectorAll(kind === "img" ? "img" : "iframe")];
    const found = elements.find((element) => element.src === result.data_uri);
    const size = kind === "img" ? found && found.naturalWidth : found && found.clientWidth;
    shown[path] = { kind, size, caption: result.caption, labels: result.labels };
  }
  parent.postMessage(JSON.stringify({ problems: window.problems, listed, shown }), "*");
});
</script>
"""


def look(page: Path, folder: Path, width: int, probe: str = PROBE) -> dict:
    """Open `page` in a frame of `width` pixels; see the probe for the keys. Adds `console`, what the browser logged."""
    text = page.read_text(encoding="utf-8").replace("<head>", "<head>" + probe, 1)
    frame = f'<iframe id="frame" width="{width}" height="900" srcdoc="{html.escape(text, quote=True)}"></iframe>'
    listen = (
        '<script>addEventListener("message", (e) => { document.getElementById("out").textContent = e.data; });</script>'
    )
    wrapper = folder / f"wrapper_{width}.html"
    wrapper.write_text(f'<!doctype html><meta charset="utf-8">{listen}<pre id="out"></pre>{frame}', encoding="utf-8")
    run = _chromium(folder, ["--virtual-time-budget=20000", "--enable-logging=stderr", "--dump-dom"], wrapper)
    found = re.search(r'<pre id="out">(.*?)</pre>', run.stdout, re.S)
    assert found and found[1], f"the page did not answer: {run.stderr[-2000:]}"
    console = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(found[1])) | {"console": console}


def print_pdf(page: Path, folder: Path) -> bytes:
    """The page as it is printed."""
    out = folder / "page.pdf"
    _chromium(folder, [f"--print-to-pdf={out}"], page)
    return out.read_bytes()


def _chromium(folder: Path, options: list[str], page: Path) -> subprocess.CompletedProcess:
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", *options, page.resolve().as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
