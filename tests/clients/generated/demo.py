"""A running demo for clients that are generated from its OpenAPI document."""

import contextlib
import json
import pathlib
import subprocess
import tempfile
import urllib.request


@contextlib.contextmanager
def demo(mainstay):
    """Starts the demo on a free port. Yields its address, an API key, and a folder with its document as openapi.json."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        command = [mainstay, "--json", "demo", "--port", "0", "--data", str(folder / "data"), "--log", "error"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                started = json.loads(process.stdout.readline())
                with urllib.request.urlopen(started["url"] + "/api/openapi.json") as document:
                    (folder / "openapi.json").write_bytes(document.read())
                yield started["url"], started["api_key"], folder
            finally:
                process.kill()


def run(command, folder, **environment):
    """Runs a command in the folder, and ends the program if it fails."""
    print("generated:", *command, flush=True)
    status = subprocess.run(command, cwd=folder, env=environment or None).returncode
    if status:
        raise SystemExit(f"{command[0]} failed with {status}")
