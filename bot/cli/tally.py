"""`./run tally FILE`: votes written down as scenarios, worked out; one line each, JSON."""

import json
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from handlers.voting.scenario import ScenarioError, work_out

_BAD_FILE = 2


def run(source: str, out: TextIO, err: TextIO) -> int:
    """Print a line for each scenario, or for each of its variants.

    The file is an object with a list "scenarios". Returns 0, or 2 after one line on `err` that names the scenario
    which cannot be read; nothing is printed then, so that half a result is never taken for a whole one.
    """
    try:
        # Figures are read as they are written: a float would round them before anybody looks.
        written = json.loads(Path(source).read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except OSError as error:
        err.write(f"tally: {source}: {error.strerror or error}\n")
        return _BAD_FILE
    except (ValueError, RecursionError) as error:
        err.write(f"tally: {source}: not JSON in UTF-8: {error}\n")
        return _BAD_FILE
    scenarios = written.get("scenarios") if isinstance(written, dict) else None
    if not (isinstance(scenarios, list) and all(isinstance(each, dict) for each in scenarios)):
        err.write(f'tally: {source}: not an object with a list of "scenarios"\n')
        return _BAD_FILE
    try:
        lines = [line for scenario in scenarios for line in work_out(scenario)]
    except ScenarioError as error:
        err.write(f"tally: {error}\n")
        return _BAD_FILE
    for line in lines:
        out.write(json.dumps(line, ensure_ascii=False) + "\n")
    return 0
