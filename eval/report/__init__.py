"""Reports: scores and provenance in, tables, figures and pages out. See `python -m eval.report --help`."""
