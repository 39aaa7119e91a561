"""Training beside other tasks of asyncio, which comes from MicroPython's own sources."""

import os
from pathlib import Path

from ports import SCRIPTS
from training import put_api_models


def test_other_tasks_wait_for_one_step_at_most(unix_port):
    source = Path(os.environ["FQT_BUILD"]) / "micropython" / "extmod" / "asyncio"
    (unix_port.folder / "asyncio").mkdir()
    for path in source.glob("*.py"):
        unix_port.put(f"asyncio/{path.name}", path.read_bytes())
    put_api_models(unix_port)
    assert unix_port.run(SCRIPTS / "tasks.py") == "ok at most 1 step\n"
