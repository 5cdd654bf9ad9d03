"""The wrapper of every job: it refuses damaged inputs, keeps checksums, and takes its command with it when it dies."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import files
from tests.waiting import ended, until
from workflow import checksums
from workflow.checksums import DamagedFile

ROOT = Path.cwd()


@pytest.fixture
def job(tmp_path):
    """Run or start a wrapped Python program in an empty folder."""

    def start(program: str, *, read=(), out=("out.txt",)) -> subprocess.Popen:
        command = [sys.executable, "-m", "workflow.job", "--log", "log/job.log", "--in", *read, "--out", *out, "--"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [*command, sys.executable, "-c", program], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
        )

    return start


def finish(started: subprocess.Popen) -> tuple[int, str]:
    said = started.communicate(timeout=300)[1]
    return started.returncode, said


WRITE = "open('out.txt', 'w').write('made')"


def test_output_is_logged_and_recorded(job, tmp_path):
    assert finish(job("print('words'); " + WRITE)) == (0, "")
    assert (tmp_path / "log/job.log").read_text() == "words\n"
    assert not checksums.is_damaged(tmp_path / "out.txt")
    checked = subprocess.run(["sha256sum", "--check", ".out.txt.sha256"], cwd=tmp_path, capture_output=True, text=True)
    assert checked.stdout == "out.txt: OK\n"


@pytest.mark.parametrize(
    "change", [lambda p: p.write_text("mode"), lambda p: p.write_text("mad"), lambda p: p.write_text("")]
)
def test_a_changed_input_stops_the_job_before_it_runs(job, tmp_path, change):
    assert finish(job(WRITE))[0] == 0
    change(tmp_path / "out.txt")
    status, said = finish(job("open('next', 'w')", read=["out.txt"], out=["next"]))
    assert status == 1
    assert "changed or damaged" in said and "delete it and start again" in said
    assert said.rstrip().endswith("out.txt")
    assert not (tmp_path / "next").exists()


def test_an_input_that_changes_while_the_job_runs_fails_it(job, tmp_path):
    assert finish(job(WRITE))[0] == 0
    status, said = finish(job("open('out.txt', 'a').write('more'); open('next', 'w')", read=["out.txt"], out=["next"]))
    assert status == 1
    assert "changed or damaged" in said
    assert not (tmp_path / ".next.sha256").exists()


def test_an_input_without_a_record_is_accepted(job, tmp_path):
    (tmp_path / "mine").write_text("my own")
    assert finish(job(WRITE, read=["mine"]))[0] == 0


def test_a_failed_command_shows_its_last_words_and_leaves_no_record(job, tmp_path):
    assert finish(job(WRITE))[0] == 0
    words = rb"\xff\n1\n2\nerror: \xff\n"  # some that are no text
    status, said = finish(job(f"import os; os.write(2, b'{words.decode()}'); os._exit(3)"))
    assert (status, said) == (3, "1\n2\nerror: \ufffd\n")
    assert not (tmp_path / ".out.txt.sha256").exists()


def test_a_failed_command_whose_words_found_no_place_says_how_much_there_is(job, tmp_path):
    status, said = finish(job("import os; os._exit(1)"))
    assert status == 1
    assert re.fullmatch(
        r"error: the command failed without a word in .*job\.log; its disk has [\d,]+ bytes free\n", said
    )


def test_an_output_that_a_command_did_not_make_is_one_message(job):
    status, said = finish(job("pass"))
    assert (status, said) == (1, "error: [Errno 2] No such file or directory: 'out.txt'\n")


def test_a_killed_command_is_named(job):
    status, said = finish(job("import os; os.kill(os.getpid(), 9)"))
    assert (status, "ended by SIGKILL" in said) == (137, True)


def test_what_killed_jobs_left_is_swept(job, tmp_path):
    killed, other = files.write_whole(tmp_path / "out.txt"), tmp_path / ".other.a1b2c3_d.txt"
    left = killed.__enter__()
    other.touch()
    assert finish(job(WRITE))[0] == 0
    assert (left.exists(), other.exists()) == (False, True)


def test_the_command_dies_with_the_wrapper(job, tmp_path):
    started = job("import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)")
    pid = tmp_path / "pid"
    until(lambda: pid.exists() and pid.read_text())
    child = psutil.Process(int(pid.read_text()))
    started.kill()
    started.wait()
    until(lambda: ended(child))


def test_a_start_reads_small_files_and_trusts_the_time_of_large_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checksums, "WHOLE_AT_START", 10)
    small, large = Path("results/small"), Path("reports/deep/large")
    for path in (small, large):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x" * (5 if path == small else 50))
        checksums.record(path)
    checksums.refuse_damaged_results()
    before = large.stat()
    large.write_text("y" * 50)
    os.utime(large, ns=(before.st_atime_ns, before.st_mtime_ns + 1))  # two writes may fall into one tick of the clock
    with pytest.raises(DamagedFile, match="reports/deep/large"):
        checksums.refuse_damaged_results()
    os.utime(large, ns=(before.st_atime_ns, before.st_mtime_ns))
    checksums.refuse_damaged_results()  # a job that reads it will notice
    assert checksums.is_damaged(large)
    before = small.stat()
    small.write_text("yyyyy")
    os.utime(small, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DamagedFile, match="results/small"):
        checksums.refuse_damaged_results()
    small.unlink()
    checksums.refuse_damaged_results()  # as the message said: delete it and start again


@pytest.mark.parametrize("gone", ["file", "record and file, which is made anew"])
def test_a_file_that_a_job_makes_anew_while_a_start_reads_it_is_no_damage(tmp_path, monkeypatch, gone):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checksums, "WHOLE_AT_START", 2)
    path = Path("results/a")
    path.parent.mkdir()
    path.write_text("old")
    checksums.record(path)

    def meanwhile(found: Path) -> str:
        if gone == "file":
            found.unlink()
        else:
            checksums.forget(found)
            found.write_text("new")
        return files.sha256(found)

    monkeypatch.setattr(checksums, "sha256", meanwhile)
    assert not checksums.is_damaged(path)
    monkeypatch.setattr(checksums, "recorded", lambda folders: [path])
    checksums.refuse_damaged_results()


def test_the_command_checks_every_file_and_names_each_damaged_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["checksums"])
    paths = [Path("results/a"), Path("reports/b")]
    for path in paths:
        path.parent.mkdir()
        path.write_text("x")
        checksums.record(path)
    checksums.main()
    assert capsys.readouterr().out == "2 files are as the workflow made them\n"
    for path in paths:
        path.write_text("y")
    with pytest.raises(SystemExit, match=r"error: changed or damaged.*:\n  results/a\n  reports/b$"):
        checksums.main()


def test_a_record_of_snakemake_that_is_no_text_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checksums.refuse_unreadable_records()
    kept = Path(".snakemake/metadata/cmVzdWx0cw==")
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b'{"rule": "train')  # no JSON: Snakemake says so itself and goes on
    checksums.refuse_unreadable_records()
    kept.write_bytes(b'{"rule": "tr\xe1in"}')
    with pytest.raises(DamagedFile, match=r"record of how .* delete it and start again:\n  [.]snakemake/metadata/cmVz"):
        checksums.refuse_unreadable_records()


def test_a_record_that_another_workflow_removes_meanwhile_is_no_damage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = Path(".snakemake/incomplete/cmVzdWx0cw==")
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    monkeypatch.setattr(Path, "is_file", lambda path: kept.unlink(missing_ok=True) or True)
    checksums.refuse_unreadable_records()
