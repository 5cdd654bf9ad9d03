"""A table as a reader sees it, before it is Markdown, LaTeX or HTML."""

from dataclasses import dataclass, field
from string import ascii_lowercase


@dataclass(frozen=True)
class Entry:
    """One field: `text`, in smaller type `spread` and `below`, footnote `marks` (`below_marks`: of what
    stands below); `value` orders the lines.

    strong: bold; top: also underlined; hover: shown under a pointer.
    """

    text: str
    spread: str = ""
    below: str = ""
    marks: tuple[str, ...] = ()
    below_marks: tuple[str, ...] = ()
    value: float | None = None
    strong: bool = False
    top: bool = False
    hover: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a sheet; `setting` is in words; references are set in grey."""

    label: str
    setting: str
    entries: list[Entry]
    reference: bool = False


@dataclass
class Sheet:
    """A table with its caption and footnotes; `heads` are (group title, [column heads])."""

    name: str
    title: str
    caption: list[str]
    heads: list[tuple[str, list[str]]]
    lines: list[Line]
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def with_settings(self) -> bool:
        """Whether the settings need a column of their own."""
        return len({line.setting for line in self.lines}) > 1

    def note(self, text: str) -> str:
        """The mark of a footnote, the same for equal texts: a..z, aa, ab, ..."""
        for mark, known in self.notes.items():
            if known == text:
                return mark
        count = len(self.notes)
        mark = ("" if count < 26 else ascii_lowercase[count // 26 - 1]) + ascii_lowercase[count % 26]
        self.notes[mark] = text
        return mark
