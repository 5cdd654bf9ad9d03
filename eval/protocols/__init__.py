"""The test protocols, one file a dataset, found by its presence in this folder: `PROTOCOLS`, a tuple of `Protocol`."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from eval.protocol import Protocol


def _found() -> dict[str, Protocol]:
    files = sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_"))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in files]
    return {protocol.name: protocol for module in modules for protocol in module.PROTOCOLS}


PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(_found())


def protocol(name: str) -> Protocol:
    """The protocol of that name; raises KeyError with the known names."""
    if name not in PROTOCOLS:
        raise KeyError(f"unknown protocol {name!r}; known: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
