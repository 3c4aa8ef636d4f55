"""The simulator as a process, and a receiver for its webhooks."""

import http.client
import http.server
import json
import queue
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import parse_qs, urlsplit

PATIENCE = 20.0  # seconds that anything may take before a test fails


class Simulator:
    """The simulator, running against a receiver of its own until `stop`.

    `answer_challenge(verify_token, challenge)` and `take(body, signature)` answer what Meta would send to a callback
    URL, each with a text and a status; `take` gets the bytes as they came.
    """

    access_token = "token-of-the-client"
    app_secret = "secret-of-the-client"
    verify_token = "verification-of-the-client"
    waba_id = "208813345671290"
    phone_number_id = "117700456123987"
    app_id = "634974688087057"

    def __init__(self, program, answer_challenge, take, *, rate=0.001, customers=60):
        self._receiver = _receiver(answer_challenge, take)
        self.callback_url = f"http://127.0.0.1:{self._receiver.server_port}/webhook"
        self.port = _free_port()
        self._process = subprocess.Popen([
            program,
            "--callback-url", self.callback_url,
            "--app-secret", self.app_secret,
            "--verify-token", self.verify_token,
            "--waba-id", self.waba_id,
            "--phone-number-id", self.phone_number_id,
            "--access-token", self.access_token,
            "--customers", str(customers),
            "--rate", str(rate),
            "--listen", f"127.0.0.1:{self.port}",
        ])
        self._await_health()

    def _await_health(self):
        give_up = time.monotonic() + PATIENCE
        while True:
            status = self._process.poll()
            if status is not None:
                raise AssertionError(f"the simulator ended with {status} before it listened")
            try:
                self.control("GET", "/health")
                return
            except OSError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.05)

    def control(self, method, path, body=None):
        """A call of the control interface; what it answers, parsed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"content-type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise AssertionError(f"{method} {path} was answered {answer.status}: {text.decode()}")
        return json.loads(text) if text else None

    def write(self, customer, shape="text", text=None):
        """Makes a customer, by place, write a message of that shape; its id."""
        body = {"customer": customer, "type": shape, "text": text}
        return self.control("POST", "/_sim/messages", body)["wamid"]

    def accepted(self, wamid):
        """The request of an accepted send, parsed; fails if the simulator accepted none of that id."""
        for send in self.control("GET", "/_sim/sends"):
            if send["wamid"] == wamid:
                return send["body"]
        raise AssertionError(f"the simulator has accepted no message {wamid}")

    def stop(self):
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._receiver.shutdown()
        self._receiver.server_close()


class Mailbox:
    """What handlers were given, for tests to wait for."""

    def __init__(self):
        self._arrived = queue.Queue()
        self._kept = []

    def put(self, item):
        self._arrived.put(item)

    def wait_for(self, is_it, what):
        """The first item, old or new, that `is_it`; taken out."""
        for place, item in enumerate(self._kept):
            if is_it(item):
                return self._kept.pop(place)
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                item = self._arrived.get(timeout=max(0.0, give_up - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{what} did not come within {PATIENCE:.0f} s") from None
            if is_it(item):
                return item
            self._kept.append(item)

    def all(self):
        """Everything that has arrived and was not taken out."""
        while not self._arrived.empty():
            self._kept.append(self._arrived.get())
        return self._kept


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # A simulator that is stopped leaves POSTs half read.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _receiver(answer_challenge, take):
    """An HTTP server on a free port, answering on a thread per connection."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            self._answer(*answer_challenge(query.get("hub.verify_token"), query.get("hub.challenge")))

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            self._answer(*take(body, self.headers.get("x-hub-signature-256")))

        def _answer(self, text, status):
            payload = text.encode()
            self.send_response(status)
            self.send_header("content-length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
