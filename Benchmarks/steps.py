"""The programs of this folder that time training steps: how they are built and run."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def built(product):
    """The path of a program, built now if need be."""
    base = ["swift", "build", "-c", "release", "--package-path", HERE]
    subprocess.run([*base, "--product", product], check=True, stdout=sys.stderr)
    folder = subprocess.run([*base, "--show-bin-path"], check=True, capture_output=True, text=True)
    return Path(folder.stdout.strip()) / product


def timed(command):
    """The one line of JSON that a command prints."""
    result = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE)
    return json.loads(result.stdout)
