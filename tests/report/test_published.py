"""The printed numbers and the notes on them."""

import pytest

from eval.report.experiment import Column, Row
from eval.report.published import KEYS, check_reference, find_printed, notes_on, printed_numbers, suspect_notes

ALL_SINGLE = Column("sysu-mm01", "sysu-mm01-all-single", ("rank-1", "mAP"))


def row(**published) -> Row:
    return Row("row", None, "full", "run", (), published=published or None)


def test_all_printed_numbers_are_here():
    table = printed_numbers()
    own = table[table.is_own == "true"]
    assert (len(table), len(own)) == (1325, 440)
    assert len(own.drop_duplicates(KEYS[:-1])) == 182
    assert not table.duplicated(KEYS).any()


def test_every_note_fits_a_printed_number():
    notes, table = suspect_notes(), printed_numbers()
    for note in notes.itertuples():
        fits = table
        for key in KEYS:
            if value := getattr(note, key):
                fits = fits[fits[key] == value]
        assert len(fits), note


def test_the_shot_decides_between_two_numbers():
    reference = {"paper": "msmnet", "source": "Table I", "row_method": "MSMNet (Ours)", "setting": "balanced"}
    multi = Column("sysu-mm01", "sysu-mm01-all-multi", ("rank-1",))
    single = find_printed(row(**reference), ALL_SINGLE, "rank-1")
    assert (single.text, single.notes) == ("73.46", ())
    assert find_printed(row(**reference), multi, "rank-1").value > single.value


def test_an_unstated_shot_counts_as_single():
    reference = {"paper": "maum", "source": "Table 3", "row_method": "MAUM", "setting": "ir_per_id=5"}
    printed = find_printed(row(**reference), ALL_SINGLE, "mAP")
    assert printed.text == "43.2" and "printed for N = 10 and again for N = 5" in printed.notes[0]
    multi = Column("sysu-mm01", "sysu-mm01-all-multi", ("mAP",))
    assert find_printed(row(**reference), multi, "mAP") is None


def test_other_data_have_no_printed_number():
    reference = {"paper": "maum", "source": "Table 1", "row_method": "MAUM^G", "setting": "balanced"}
    demo = Column("demo-sysu", "sysu-mm01-all-single", ("mAP",))
    assert find_printed(row(**reference), demo, "mAP") is None
    assert find_printed(row(), ALL_SINGLE, "mAP") is None


def test_a_misspelt_reference_is_refused():
    with pytest.raises(ValueError, match="no printed number fits"):
        check_reference(row(paper="maum", source="Table 1", row_method="MAUM^X", setting="balanced"))
    with pytest.raises(ValueError, match="no printed number fits"):
        check_reference(row(paper="msmnet", source="Fig. 6(a)", row_method="MSMNett"))
    check_reference(row(paper="maum", source="Fig. 3(a)", row_method="any", setting="balanced"))
    with pytest.raises(KeyError, match="published has the key 'methode'"):
        check_reference(row(methode="x"))


@pytest.mark.parametrize(
    ("paper", "source", "method", "metric", "words"),
    [
        ("msmnet", "Table III", "Index 1", "rank-1", "MCLNet"),
        ("mgmra", "Table 4", "MG-MRA", "mAP", "58.74 / 53.84"),
        ("mgmra", "Table 1", "MPANet [41]", "mAP", "misprinted"),
    ],
)
def test_known_suspects_carry_their_reason(paper, source, method, metric, words):
    table = printed_numbers()
    lines = table[(table.paper == paper) & (table.source == source) & (table.row_method == method)]
    assert any(words in note for _, line in lines[lines.metric == metric].iterrows() for note in notes_on(line))
