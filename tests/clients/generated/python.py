"""Generates a Python client from a running Mainstay's document, checks a program with it strictly, and runs that.

    dev/python run python tests/clients/generated/python.py target/debug/mainstay
"""

import os
import pathlib
import shutil
import sys

from demo import demo, run

HERE = pathlib.Path(__file__).parent
PACKAGE = "mainstay_client"


def main(mainstay):
    with demo(str(pathlib.Path(mainstay).resolve())) as (url, key, folder):
        generate = ["openapi-python-client", "generate", "--path", "openapi.json", "--meta", "none", "--output-path", PACKAGE, "--fail-on-warning"]
        run(generate, folder)
        (folder / PACKAGE / "py.typed").touch()
        shutil.copy(HERE / "drive.py", folder)
        run(["mypy", "--strict", "--follow-imports", "silent", "drive.py"], folder)
        run([sys.executable, "drive.py"], folder, **os.environ, MAINSTAY_URL=url, MAINSTAY_KEY=key)


if __name__ == "__main__":
    main(sys.argv[1])
