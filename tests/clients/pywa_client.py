"""The simulator, held against pywa: a client of the Graph API and a reader of webhooks that nobody here wrote.

    dev/python run python tests/clients/pywa_client.py SIMULATOR [TEST…]

SIMULATOR is its program, as target/debug/mainstay-sim; TEST is one of the modules below, or a class or method of one, as
`sending.Messages.test_list`.
"""

import sys
import unittest
import warnings

import setting

MODULES = ["sending", "templating", "management", "webhooks"]


def main(program, *names):
    # pywa warns of every name it does not know; the tests of webhooks say which those are.
    warnings.simplefilter("ignore")
    setting.program = program
    tests = unittest.defaultTestLoader.loadTestsFromNames(names or MODULES)
    try:
        return unittest.TextTestRunner(warnings="ignore").run(tests).wasSuccessful()
    finally:
        setting.stop()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(not main(*sys.argv[1:]))
