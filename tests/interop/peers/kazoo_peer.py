"""kazoo's Lock: does what it reads, as tests/interop/peer.h says.

    kazoo_peer.py ADDRESS SESSION_TIMEOUT_MS NAMES

NAMES: "default", kazoo's own; "lock-", those of the others, by a subclass; "patterns", kazoo's own,
but it waits for those of the others, too.
"""
import os
import sys
import threading
import traceback

from kazoo.client import KazooClient
from kazoo.recipe.lock import Lock

LONG_ENOUGH = 30  # seconds


class LockNames(Lock):
    """Names its claims as the others do."""

    _NODE_NAME = "-lock-"
    _EXCLUDE_NAMES = ["-lock-"]


class Contender:
    """A lock in a session of its own."""

    def __init__(self, address, session_timeout, names, path):
        self._session = KazooClient(hosts=address, timeout=session_timeout)
        self._session.start(timeout=LONG_ENOUGH)
        if names == "lock-":
            self._lock = LockNames(self._session, path, "kazoo")
        elif names == "patterns":
            self._lock = Lock(self._session, path, "kazoo", extra_lock_patterns=["-lock-"])
        else:
            self._lock = Lock(self._session, path, "kazoo")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._session.stop()
        self._session.close()

    def lock(self):
        """Waits for the lock, and returns the full path of the claim."""
        if not self._lock.acquire():
            raise RuntimeError("acquire returned False")
        return self._lock.path + "/" + self._lock.node

    def unlock(self):
        self._lock.release()


class PeerProgram:
    def __init__(self, address, session_timeout, names):
        self._contend = lambda path: Contender(address, session_timeout, names, path)
        self._unlocks = {}  # main thread only
        self._output = threading.Lock()

    def run(self):
        """Does what standard input says, until it ends."""
        for line in sys.stdin:
            words = line.split()
            number = words[1]
            if words[0] == "lock":
                self._unlocks[number] = threading.Event()
                self._start(number, self._hold, words[2], self._unlocks[number])
            elif words[0] == "unlock":
                self._unlocks.pop(number).set()
            elif words[0] == "count":
                self._start(number, self._count, words[2], words[3], int(words[4]))
            else:
                self._say(f"{number} failed: what is {words[0]}?")

    def _start(self, number, work, *arguments):
        def run():
            try:
                work(number, *arguments)
            except Exception as error:
                traceback.print_exc()
                self._say(f"{number} failed: {error!r}")

        threading.Thread(target=run).start()

    def _hold(self, number, path, unlock):
        with self._contend(path) as contender:
            self._say(f"{number} granted {contender.lock()}")
            unlock.wait()
            contender.unlock()
            self._say(f"{number} released")

    def _count(self, number, path, directory, times):
        with self._contend(path) as contender:
            for _ in range(times):
                add_one(directory, contender.lock())
                contender.unlock()
        self._say(f"{number} counted")

    def _say(self, line):
        with self._output:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def add_one(directory, claim):
    held = os.path.join(directory, "held")
    with open(held, "x"):  # raises an exception if there is one
        pass
    with open(os.path.join(directory, "counter")) as counter:
        count = int(counter.read())
    with open(os.path.join(directory, "grants"), "a") as grants:
        grants.write(claim + "\n")
    with open(os.path.join(directory, "counter"), "w") as counter:
        counter.write(f"{count + 1}\n")
    os.remove(held)


if __name__ == "__main__":
    PeerProgram(sys.argv[1], int(sys.argv[2]) / 1000, sys.argv[3]).run()
    os._exit(0)  # whatever the other threads do
