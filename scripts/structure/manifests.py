"""Reads of a Cargo.toml what is needed here, with every Python 3 (`tomllib` came with 3.11)."""

import re
from pathlib import Path

_TABLE = re.compile(r"^\[([^\[\]]+)\]", re.MULTILINE)
_KEY = re.compile(r'^"?([\w-]+)"?(?:\.workspace)?[ \t]*=', re.MULTILINE)


def members(workspace: Path) -> dict[str, Path]:
    """The crates of a workspace by name."""
    patterns = re.search(r"^members\s*=\s*\[(.*?)\]", _tables(workspace)["workspace"], re.MULTILINE | re.DOTALL)
    folders = [folder for pattern in re.findall(r'"(.*?)"', patterns.group(1)) for folder in workspace.glob(pattern)]
    return {_name(folder): folder for folder in sorted(folders) if (folder / "Cargo.toml").is_file()}


def workspace_dependencies(workspace: Path) -> list[str]:
    """The names of `[workspace.dependencies]`."""
    return _KEY.findall(_tables(workspace).get("workspace.dependencies", ""))


def dependencies(crate: Path) -> set[str]:
    """The names in all tables of dependencies of a crate, those for a target among them."""
    tables = [table for name, table in _tables(crate).items() if name.endswith("dependencies")]
    return {name for table in tables for name in _KEY.findall(table)}


def _name(crate: Path) -> str:
    return re.search(r'^name\s*=\s*"(.*?)"', _tables(crate)["package"], re.MULTILINE).group(1)


def _tables(folder: Path) -> dict[str, str]:
    """The text of each table."""
    _, *parts = _TABLE.split((folder / "Cargo.toml").read_text())
    return dict(zip(parts[::2], parts[1::2]))
