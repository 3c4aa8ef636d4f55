"""What tests share: one simulator and one client for all classes."""

import unittest

from client import Client

program = None  # the simulator's; set before the first test
_client = None


def client():
    """The client of all tests; the first one starts it."""
    global _client
    if _client is None:
        _client = Client(program)
    return _client


def stop():
    if _client is not None:
        _client.stop()


class ClientTest(unittest.TestCase):
    maxDiff = None

    @property
    def client(self):
        return client()

    @property
    def api(self):
        return client().api

    def assert_has(self, whole, part, path="it"):
        """Every member of `part` must be in `whole`, alike; what else `whole` has does not matter."""
        for key, expected in part.items():
            self.assertIn(key, whole, f"{path} lacks {key!r}: {whole}")
            if isinstance(expected, dict):
                self.assert_has(whole[key], expected, f"{path}.{key}")
            else:
                self.assertEqual(whole[key], expected, f"{path}.{key}")
