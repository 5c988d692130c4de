"""Where the databases of tests are: in memory, where there is enough of it.

They are synced at each commit as anywhere; on a disk a short test waits longer for that than it works.
"""

import shutil
from pathlib import Path

ENOUGH_BYTES = 4 * 1024**3

_SHARED = Path("/dev/shm")


def folder_for_databases() -> Path | None:
    """Where to make a folder of one's own; None for wherever other temporary files are."""
    if _SHARED.is_dir() and shutil.disk_usage(_SHARED).free >= ENOUGH_BYTES:
        return _SHARED
    return None
