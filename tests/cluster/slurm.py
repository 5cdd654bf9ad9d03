"""A private SLURM of two nodes on this machine's loopback: real slurmctld, slurmd and munged, pretended GPUs.

No systemd, no database, nothing outside its folder; works as root and as any user. The settings are those of
slurm.conf(5) and gres.conf(5) of SLURM 22.05.
"""

import getpass
import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

NEEDED = ("slurmctld", "slurmd", "munged", "munge", "sbatch", "squeue", "scontrol")
SYSTEM_PATH = "/usr/sbin:/sbin"
NODES, GPUS, CPUS, MEMORY = 2, 1, 4, 8000

CONF = """\
ClusterName=vireid
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
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
SlurmdTimeout=20
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
        self._shims()
        self._start_munge()
        self._daemon("slurmctld", "-D")
        self._until("slurmctld to answer", lambda: "UP" in self.ask("scontrol", "ping", check=False))
        for i in range(1, NODES + 1):
            self._daemon("slurmd", "-D", "-N", f"n{i}")
        self._until("all nodes to be idle", lambda: self.ask("sinfo", "-h", "-N", "-t", "idle").count("\n") == NODES)

    def stop(self) -> None:
        """Cancel all jobs and end the daemons, which are this process's own children."""
        self.ask("scancel", "-u", getpass.getuser(), check=False)
        time.sleep(1)
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self.processes):
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()

    def ask(self, *command: str, check: bool = True) -> str:
        """What a SLURM client prints."""
        found = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
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
        conf = CONF.format(host=host, port=port, user=getpass.getuser(), folder=self.folder)
        size = f"Boards=1 SocketsPerBoard=1 CoresPerSocket={CPUS} ThreadsPerCore=1 CPUs={CPUS} RealMemory={MEMORY}"
        devices = self._devices()
        gres = ["AutoDetect=off"]
        for i in range(1, NODES + 1):
            conf += f"NodeName=n{i} NodeHostname={host} NodeAddr=127.0.0.1 Port={port + i} {size} Gres=gpu:{GPUS}\n"
            (self.folder / "state" / f"n{i}").mkdir(exist_ok=True)
            gres.append(f"NodeName=n{i} Name=gpu File={devices}")
        (self.folder / "slurm.conf").write_text(conf)
        (self.folder / "gres.conf").write_text("\n".join(gres) + "\n")

    def _devices(self) -> str:
        """Device files that stand for GPUs; with regular files SLURM would not set CUDA_VISIBLE_DEVICES."""
        try:
            for i in range(GPUS):
                os.mknod(self.folder / "dev" / f"gpu{i}", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        except PermissionError:
            return f"/dev/tty[0-{GPUS - 1}]"
        return f"{self.folder}/dev/gpu[0-{GPUS - 1}]"

    def _shims(self) -> None:
        """Stand-ins for two clients.

        The job step of Snakemake's plugin starts srun without SLURM_CONF, which a cluster with /etc/slurm does not
        need; sacct, which the plugin asks for states, needs a database, and squeue knows the same here.
        """
        srun, squeue = shutil.which("srun"), shutil.which("squeue")
        conf = self.folder / "slurm.conf"
        texts = {
            "srun": f'SLURM_CONF="{conf}" exec {srun} "$@"\n',
            "sacct": "name=\nprevious=\n"
            'for word; do [ "$previous" = --name ] && name=$word; previous=$word; done\n'
            f"exec {squeue} --states=all --noheader --format='%i|%T' --name \"$name\"\n",
        }
        for name, text in texts.items():
            shim = self.folder / "bin" / name
            shim.write_text("#!/bin/sh\n" + text)
            shim.chmod(0o755)

    def _start_munge(self) -> None:
        folder = self.folder / "munge"
        folder.chmod(0o711)
        key = folder / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        self._daemon("munged", "--foreground", *(f"--{flag}={folder / name}" for flag, name in files.items()))
        self._until("munged to answer", lambda: self.ask("munge", "-n", "-S", str(folder / "socket"), check=False))

    def _daemon(self, name: str, *arguments: str) -> None:
        program = shutil.which(name, path=self.environment["PATH"])
        with (self.folder / "log" / f"{name}{len(self.processes)}.out").open("wb") as out:
            started = subprocess.Popen(
                [program, *arguments], env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self.processes.append(started)

    def _until(self, what: str, condition, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                said = "".join(p.read_text(errors="replace")[-500:] for p in sorted((self.folder / "log").iterdir()))
                raise RuntimeError(f"waited {seconds:.0f} s for {what}; logs:\n{said}")
            time.sleep(0.1)


def _fields(line: str) -> dict[str, str]:
    """`Key=value` words of a record; of a key that occurs twice the last counts."""
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


def _free_ports(number: int) -> int:
    """The first of so many neighbouring ports that nobody listens on."""
    for first in range(16817, 26000, number):
        sockets = [socket.socket() for _ in range(number)]
        try:
            for i, one in enumerate(sockets):
                one.bind(("127.0.0.1", first + i))
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
        return first
    raise RuntimeError("no neighbouring free ports")
