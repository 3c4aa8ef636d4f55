"""Generates a TypeScript client from a running Mainstay's document, compiles a program with it strictly, and runs that.

    dev/node run python tests/clients/generated/typescript.py target/debug/mainstay
"""

import json
import os
import pathlib
import shutil
import sys

from demo import demo, run

HERE = pathlib.Path(__file__).parent
STRICT = {
    "compilerOptions": {
        "target": "es2022", "module": "nodenext", "moduleResolution": "nodenext", "strict": True, "noUncheckedIndexedAccess": True,
        "exactOptionalPropertyTypes": True, "noImplicitReturns": True, "noUnusedLocals": True, "types": ["node"],
    },
    "files": ["drive.ts"],
}


def main(mainstay):
    with demo(str(pathlib.Path(mainstay).resolve())) as (url, key, folder):
        (folder / "node_modules").symlink_to(pathlib.Path(os.environ["NODE_FOLDER"]) / "node_modules")
        (folder / "package.json").write_text('{"type": "module"}')
        (folder / "tsconfig.json").write_text(json.dumps(STRICT))
        shutil.copy(HERE / "drive.ts", folder)
        run(["openapi-typescript", "openapi.json", "--output", "schema.d.ts"], folder)
        run(["tsc", "--project", "."], folder)
        run(["node", "drive.js"], folder, **os.environ, MAINSTAY_URL=url, MAINSTAY_KEY=key)


if __name__ == "__main__":
    main(sys.argv[1])
