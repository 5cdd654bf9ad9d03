"""Snakemake that asks SLURM for states every half second; jobs run the program as it is.

The plugin waits ten seconds longer after every look that finds no finished job, and no option changes that.
"""

import asyncio
import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor


async def _sleep(_: RemoteExecutor) -> None:
    await asyncio.sleep(0.5)


if __name__ == "__main__":
    RemoteExecutor.sleep = _sleep
    main(sys.argv[1:])
