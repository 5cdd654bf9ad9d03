"""HTML: a sheet, a whole page, and pictures put into it."""

import base64
from pathlib import Path

import jinja2

from eval.report import names

HERE = Path(__file__).parent
KINDS = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


def environment() -> jinja2.Environment:
    """Templates of this folder; everything that is put in is escaped."""
    loader = jinja2.FileSystemLoader(HERE / "templates")
    made = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    made.filters["raised"] = names.label
    return made


def render(template: str, **values: object) -> str:
    """Fill a template of this folder."""
    return environment().get_template(template).render(**values)


def data_uri(path: Path) -> str:
    """A picture as a data: address, so that a page needs no second file."""
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"{path}: a page shows {sorted(KINDS)}, found {path.suffix!r}")
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
