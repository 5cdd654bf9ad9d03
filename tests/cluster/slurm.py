"""A private SLURM of two nodes on this machine's loopback: real slurmctld, slurmd and munged, pretended GPUs.

No systemd, no database, nothing outside its folder; works as root and as any user. The settings are those of
slurm.conf(5) and gres.conf(5) of SLURM 22.05. Without a database `sacct` fails, as on a cluster without accounting.
"""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

NEEDED = ("slurmctld", "slurmd", "munged", "munge", "sbatch", "squeue", "scontrol")
SYSTEM_PATH = "/usr/sbin:/sbin"
NODES, CPUS, MEMORY = 2, 4, 8000
GPU = "/dev/null"  # each node's; a device file, or SLURM would not set CUDA_VISIBLE_DEVICES
PATIENCE = 120  # seconds for what takes one on a quiet machine

CONF = """\
ClusterName=vireid
SlurmctldHost={host}({address})
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
{listen}
StateSaveLocation={folder}/state/ctld
SlurmdSpoolDir={folder}/state/%n
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmctldTimeout=300
SlurmdTimeout=300
MessageTimeout=60
BatchStartTimeout=120
TCPTimeout=30
KillWait=3
MinJobAge=3600
JobRequeue=1
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=5,bf_interval=2,sched_min_interval=0,batch_sched_delay=0,requeue_delay=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
JobAcctGatherType=jobacct_gather/linux
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/log/jobcomp.log
AccountingStorageType=accounting_storage/none
PartitionName=gpu Nodes=ALL Default=YES DefaultTime=10 MaxTime=600 State=UP
"""


def missing() -> list[str]:
    """The programs of SLURM and munge that this machine lacks."""
    path = os.environ["PATH"] + os.pathsep + SYSTEM_PATH
    return [name for name in NEEDED if shutil.which(name, path=path) is None]


class Cluster:
    """A started cluster; `environment` is what its clients need."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.processes: list[subprocess.Popen] = []
        path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"], SYSTEM_PATH])
        self.environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": path}

    def start(self) -> None:
        """Start all daemons and wait until every node is idle."""
        for name in ("munge", "run", "log", "state/ctld", "dev", "bin"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self._configure()
        self._shim()
        self._start_munge()
        self._daemon("slurmctld", "-D")
        self.until("slurmctld to answer", lambda: "UP" in self.ask("scontrol", "ping", check=False))
        for i in range(1, NODES + 1):
            self._daemon("slurmd", "-D", "-N", f"n{i}")
        self.until("all nodes to be idle", lambda: self.ask("sinfo", "-h", "-N", "-t", "idle").count("\n") == NODES)
        found = self.ask("srun", "--gpus=1", "--time=5", "printenv", "CUDA_VISIBLE_DEVICES")
        if found != "0\n":
            raise RuntimeError(f"a job with a GPU has CUDA_VISIBLE_DEVICES={found!r}, expected 0")

    def stop(self) -> None:
        """Cancel all jobs and end the daemons, which are this process's own children."""
        with suppress(subprocess.TimeoutExpired, OSError):
            self.ask("scancel", "-u", getpass.getuser(), check=False)
            time.sleep(1)
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self.processes):
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
        self._end_leftovers()

    def _end_leftovers(self) -> None:
        """Without control groups SLURM may lose a process of a job that it ended, but not this cluster's mark on it."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("SLURM_CONF") == self.environment["SLURM_CONF"]:
                    process.kill()

    def ask(self, *command: str, check: bool = True) -> str:
        """What a SLURM client prints."""
        found = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        if check and found.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {found.stderr}")
        return found.stdout

    def jobs(self) -> list[dict[str, str]]:
        """SLURM's own record of every job, one dictionary of `scontrol --details show job` each."""
        text = self.ask("scontrol", "--details", "--oneliner", "show", "job")
        return [_fields(line) for line in text.splitlines() if line.startswith("JobId=")]

    def completed(self) -> list[str]:
        """The lines of SLURM's job completion log."""
        path = self.folder / "log" / "jobcomp.log"
        return path.read_text().splitlines() if path.exists() else []

    def _configure(self) -> None:
        host = socket.gethostname().split(".")[0]
        port = _free_ports(NODES + 1)
        address, listen = _address(host)
        conf = CONF.format(
            host=host, address=address, listen=listen, port=port, user=getpass.getuser(), folder=self.folder
        )
        size = f"Boards=1 SocketsPerBoard=1 CoresPerSocket={CPUS} ThreadsPerCore=1 CPUs={CPUS} RealMemory={MEMORY}"
        gres = ["AutoDetect=off"]
        for i in range(1, NODES + 1):
            conf += f"NodeName=n{i} NodeHostname={host} NodeAddr={address} Port={port + i} {size} Gres=gpu:1\n"
            (self.folder / "state" / f"n{i}").mkdir(exist_ok=True)
            gres.append(f"NodeName=n{i} Name=gpu File={GPU}")
        (self.folder / "slurm.conf").write_text(conf)
        (self.folder / "gres.conf").write_text("\n".join(gres) + "\n")

    def _shim(self) -> None:
        """Stand in for srun, which the job step of Snakemake's plugin starts without SLURM_CONF; a cluster that has
        /etc/slurm does not need it.
        """
        shim = self.folder / "bin" / "srun"
        shim.write_text(f'#!/bin/sh\nSLURM_CONF="{self.folder}/slurm.conf" exec {shutil.which("srun")} "$@"\n')
        shim.chmod(0o755)

    def _start_munge(self) -> None:
        folder = self.folder / "munge"
        folder.chmod(0o711)
        key = folder / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        self._daemon("munged", "--foreground", *(f"--{flag}={folder / name}" for flag, name in files.items()))
        self.until("munged to answer", lambda: self.ask("munge", "-n", "-S", str(folder / "socket"), check=False))

    def _daemon(self, name: str, *arguments: str) -> None:
        program = shutil.which(name, path=self.environment["PATH"])
        with (self.folder / "log" / f"{name}{len(self.processes)}.out").open("wb") as out:
            started = subprocess.Popen(
                [program, *arguments], env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self.processes.append(started)

    def until(self, what: str, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait for a condition; RuntimeError with the daemons' last words if it does not come."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                said = "".join(p.read_text(errors="replace")[-500:] for p in sorted((self.folder / "log").iterdir()))
                raise RuntimeError(f"waited {seconds:.0f} s for {what}; logs:\n{said}")
            time.sleep(0.1)


def _fields(line: str) -> dict[str, str]:
    """`Key=value` words of a record; of a key that occurs twice the last counts."""
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


def _address(host: str) -> tuple[str, str]:
    """The address that the host's name leads to, and the setting that keeps the daemons from listening on others.

    A name that leads nowhere leaves the loopback's address, and daemons that listen on all.
    """
    try:
        return socket.gethostbyname(host), "CommunicationParameters=NoCtldInAddrAny,NoInAddrAny"
    except OSError:
        return "127.0.0.1", ""


def _free_ports(number: int) -> int:
    """The first of so many neighbouring ports that nobody listens on."""
    for first in range(16817, 26000, number):
        sockets = [socket.socket() for _ in range(number)]
        try:
            for i, one in enumerate(sockets):
                one.bind(("", first + i))
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
        return first
    raise RuntimeError("no neighbouring free ports")
