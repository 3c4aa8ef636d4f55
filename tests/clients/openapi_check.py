"""Holds a running Mainstay against its own OpenAPI document, with schemathesis.

    python tests/clients/openapi_check.py target/debug/mainstay [further arguments of schemathesis]

Starts the demo on a free port, so that there are customers, conversations and a simulated Meta, and plays both scopes: the API with
the tenant's key and the operator's with the admin token. `schemathesis.toml` beside it has the settings, and what is known and why.
Ends with 0 when nothing failed.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
SCOPES = [("^/api/v1", "api_key"), ("^/admin", "admin_token")]
EXAMPLES = "8"  # requests made up for each operation, beside those that the schema's own edges give


def play(addresses, paths, token, further):
    command = [
        "schemathesis", "--config-file", str(HERE / "schemathesis.toml"), "run", addresses["url"] + "/api/openapi.json",
        "--header", f"Authorization: Bearer {addresses[token]}", "--include-path-regex", paths,
        "--max-examples", EXAMPLES, *further,
    ]
    print(f"openapi_check: {paths} with the {token}", flush=True)
    return subprocess.run(command).returncode


def main(mainstay, *further):
    with tempfile.TemporaryDirectory() as folder:
        demo = [mainstay, "--json", "demo", "--port", "0", "--data", folder, "--log", "error"]
        with subprocess.Popen(demo, stdout=subprocess.PIPE, text=True) as process:
            try:
                addresses = json.loads(process.stdout.readline())
                codes = [play(addresses, paths, token, further) for paths, token in SCOPES]
            finally:
                process.kill()
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
