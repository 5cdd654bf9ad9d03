"""A sheet as Markdown and as LaTeX, and an experiment's cells as CSV."""

import re
import textwrap
import unicodedata

import pandas as pd
from tabulate import tabulate

from eval.report import names
from eval.report.cells import Grid
from eval.report.sheet import Entry, Line, Sheet
from eval.report.sheets import shortfall

LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "−": r"$-$", "–": "--", "×": r"$\times$",
    "\u00a0": "~", "<": r"$<$", ">": r"$>$",
}  # fmt: skip


def markdown(sheet: Sheet) -> str:
    """A sheet as a Markdown section: heading, table, caption, footnotes."""
    tables = "".join(f"**{group}**\n\n{_markdown_group(sheet, i)}\n\n" for i, (group, _) in enumerate(sheet.heads))
    notes = "".join(f"\n[{mark}] {text}\n" for mark, text in sheet.notes.items())
    caption = "\n".join(sheet.caption)
    return f"## {names.label(sheet.title)}\n\n{tables}\n{names.label(caption)}\n{notes}"


def _markdown_group(sheet: Sheet, i: int) -> str:
    """The columns of one group: all groups side by side are wider than any reader's screen."""
    start = sum(len(columns) for _, columns in sheet.heads[:i])
    columns = sheet.heads[i][1]
    heads = ["method", *(["setting"] if sheet.with_settings else []), *columns]
    lines = []
    for line in sheet.lines:
        entries = line.entries[start : start + len(columns)]
        if any(entry.text for entry in entries):
            lead = [_plain(line.label), *([line.setting] if sheet.with_settings else [])]
            lines.append(lead + [_markdown_entry(entry) for entry in entries])
    return tabulate(lines, headers=heads, tablefmt="github", disable_numparse=True)


def _plain(text: str) -> str:
    return names.label(text).replace("|", "\\|").replace("*", "\\*")


def _markdown_entry(entry: Entry) -> str:
    text = f"**{entry.text}**" if entry.strong else entry.text
    main = " ".join(part for part in (text, entry.spread) if part)
    below = f" · {entry.below}{_markdown_marks(entry.below_marks)}" if entry.below else ""
    return f"{main}{_markdown_marks(entry.marks)}{below}"


def _markdown_marks(marks: tuple[str, ...]) -> str:
    return f" [{','.join(marks)}]" if marks else ""


def escape(text: str) -> str:
    """Text for LaTeX; ^G and ^- become superscripts."""
    parts = re.split(r"\^(\w|-)(?=$|[ ,)])", text)
    escaped = ["".join(map(_latex_character, part)) for part in parts]
    for i in range(1, len(escaped), 2):
        escaped[i] = rf"\textsuperscript{{{parts[i] if parts[i] != '-' else '$-$'}}}"
    return "".join(escaped)


def _latex_character(character: str) -> str:
    words = unicodedata.name(character, "").split()
    if words[:1] == ["GREEK"] and words[2:3] == ["LETTER"]:
        name = words[3].lower().replace("lamda", "lambda")
        return rf"$\{name.capitalize() if words[1] == 'CAPITAL' else name}$"
    return LATEX.get(character, character)


def _stacked(text: str, width: int) -> str:
    """A column's head in LaTeX, in lines of about `width` characters, so that it does not make the table wide."""
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    stacked = r" \\ ".join(map(escape, lines))
    return rf"\shortstack{{{stacked}}}" if len(lines) > 1 else stacked


def latex(sheet: Sheet, label: str, heading: str) -> str:
    r"""A sheet as a LaTeX table, no wider than the line; it needs \usepackage{booktabs,graphicx}."""
    lead = 2 if sheet.with_settings else 1
    width = sum(len(columns) for _, columns in sheet.heads)
    groups, rules, at = [], [], lead + 1
    for group, columns in sheet.heads:
        groups.append(rf"\multicolumn{{{len(columns)}}}{{c}}{{{_stacked(group, 18 * len(columns))}}}")
        rules.append(rf"\cmidrule(lr){{{at}-{at + len(columns) - 1}}}")
        at += len(columns)
    first = " & ".join(["" for _ in range(lead)] + groups)
    second = " & ".join(
        ["method", *(["setting"] * (lead - 1))] + [_stacked(c, 14) for _, cs in sheet.heads for c in cs]
    )
    body = [text for i, line in enumerate(sheet.lines) for text in _latex_line(sheet, i, line)]
    notes = [rf"\textsuperscript{{{mark}}}~{escape(text)}" for mark, text in sheet.notes.items()]
    return "\n".join(
        [
            "% needs \\usepackage{booktabs,graphicx}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escape(heading)}. {escape(sheet.title)}. {escape(' '.join(sheet.caption))}}}",
            rf"\label{{tab:{label}}}",
            r"\smallskip",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{{'l' * lead}{'c' * width}}}",
            r"\toprule",
            rf"{first} \\",
            "".join(rules),
            rf"{second} \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            *([r"\par\smallskip\raggedright\footnotesize " + r"\\ ".join(notes)] if notes else []),
            r"\end{table}",
            "",
        ]
    )


def _latex_line(sheet: Sheet, i: int, line: Line) -> list[str]:
    start = [escape(line.label), *([escape(line.setting)] if sheet.with_settings else [])]
    new_setting = i > 0 and sheet.lines[i - 1].setting != line.setting
    rows = [r"\addlinespace"] if new_setting else []
    rows.append(" & ".join(start + [_latex_entry(entry) for entry in line.entries]) + r" \\")
    if any(entry.below for entry in line.entries):
        blank = [""] * len(start)
        rows.append(" & ".join(blank + [_latex_below(entry) for entry in line.entries]) + r" \\")
    return rows


def _latex_below(entry: Entry) -> str:
    return rf"{{\footnotesize {escape(entry.below)}}}{_latex_marks(entry.below_marks)}" if entry.below else ""


def _latex_entry(entry: Entry) -> str:
    text = escape(entry.text)
    text = rf"\underline{{{text}}}" if entry.top else text
    text = rf"\textbf{{{text}}}" if entry.strong else text
    spread = rf" {{\footnotesize {escape(entry.spread)}}}" if entry.spread else ""
    return f"{text}{spread}{_latex_marks(entry.marks)}"


def _latex_marks(marks: tuple[str, ...]) -> str:
    return rf"\textsuperscript{{{','.join(marks)}}}" if marks else ""


def cells_table(grid: Grid) -> pd.DataFrame:
    """One line per cell, full precision; `incomplete` and `suspect` say why a number is to be read with care."""
    lines = []
    for cells in grid.cells.values():
        for i, cell in enumerate(cells):
            if cell is None:
                continue
            printed = cell.printed
            lines.append(
                {
                    "label": cell.row.label,
                    "setting": cell.row.setting,
                    "run": cell.row.run,
                    "reference": cell.row.reference,
                    "dataset": cell.column.dataset,
                    "protocol": cell.column.protocol,
                    "gallery": grid.galleries[cell.column],
                    "metric": cell.metric,
                    "mean": cell.mean,
                    "std": cell.std,
                    "n": cell.n,
                    "planned": cell.planned,
                    "trials": cell.trials,
                    "low": cell.low,
                    "high": cell.high,
                    "draw_std": cell.draw_std,
                    "best": cell.best,
                    "in_best_set": cell.in_best,
                    "printed": printed.text if printed else "",
                    "difference": cell.difference,
                    "printed_in_interval": cell.low <= printed.value <= cell.high if printed and cell.n > 1 else "",
                    "suspect": " ".join(printed.notes) if printed else "",
                    "incomplete": shortfall(grid, cell, i),
                }
            )
    return pd.DataFrame(lines)
