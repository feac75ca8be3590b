#!/usr/bin/env python3
"""What idle holders cost: so many sessions hold a lock each, and nothing else happens.

  tests/bench/idle_holders.py --build BUILD [--holders 1000,5000] [--servers 1,3] [--timeout 10000]
                              [--seconds 60] [--data-dir DIRECTORY]

BUILD: a build directory with idle_holders and lock_bench (Release). Servers keep their data below
DIRECTORY, by default in BUILD. Prints a row for each combination, as a table in Markdown:
requests and writes of all servers, CPU time of servers and holders, and the latency of a lock
beside them (lock_bench, W1), each with that of the same servers without holders in front.
"""
import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from zkserver import CLASSPATH, four_letter, packets_received  # noqa: E402

PER_PROCESS = 500


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Ensemble:
    def __init__(self, size, directory):
        ports = free_ports(3 * size)
        self.addresses = [f"127.0.0.1:{port}" for port in ports[:size]]
        members = "".join(f"server.{i + 1}=127.0.0.1:{ports[size + i]}:{ports[2 * size + i]}\n"
                          for i in range(size)) if size > 1 else ""
        self.processes = []
        for i in range(size):
            home = os.path.join(directory, f"{size}-{i}")
            os.makedirs(home)
            with open(os.path.join(home, "myid"), "w") as f:
                f.write(str(i + 1))
            config = os.path.join(home, "zoo.cfg")
            with open(config, "w") as f:
                f.write(f"tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={home}\n"
                        f"clientPort={ports[i]}\nclientPortAddress=127.0.0.1\n"
                        "admin.enableServer=false\n4lw.commands.whitelist=*\nmaxClientCnxns=0\n"
                        + members)
            self.processes.append(subprocess.Popen(
                ["java", "-Dzookeeper.root.logger=WARN,CONSOLE", "-cp", CLASSPATH,
                 "org.apache.zookeeper.server.quorum.QuorumPeerMain", config],
                stdout=open(os.path.join(home, "log"), "w"), stderr=subprocess.STDOUT))
        deadline = time.monotonic() + 60
        while not all(self.serves(address) for address in self.addresses):
            if time.monotonic() > deadline:
                self.stop()
                sys.exit(f"the servers did not come up: see {directory}")
            time.sleep(.2)

    @staticmethod
    def serves(address):
        try:
            return four_letter(address, "srvr").startswith("Zookeeper version")
        except OSError:
            return False

    def requests(self):
        return sum(packets_received(address) for address in self.addresses)

    def cpu(self):
        return sum(cpu_of(process.pid) for process in self.processes)

    def written(self):
        total = 0
        for process in self.processes:
            with open(f"/proc/{process.pid}/io") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("write_bytes"))
        return total

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()


def cpu_of(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def latency(build, address):
    """Median and 99th percentile of `lock` without contention, in ms."""
    out = subprocess.run([f"{build}/tests/bench/lock_bench", "--server", address, "--workload", "W1",
                          "--iterations", "1000"], check=True, capture_output=True, text=True).stdout
    lock = json.loads(out)["lock_us"]
    return lock["p50"] / 1e3, lock["p99"] / 1e3


def measure(build, servers, count, timeout, seconds, directory):
    ensemble = Ensemble(servers, directory)
    holders = []
    try:
        before = latency(build, ensemble.addresses[0])
        address = ",".join(ensemble.addresses)
        for first in range(0, count, PER_PROCESS):
            holders.append(subprocess.Popen(
                [f"{build}/tests/bench/idle_holders", address, str(min(PER_PROCESS, count - first)),
                 str(first), str(timeout)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        for holder in holders:
            if holder.stdout.readline() != "holding\n":
                sys.exit("the holders do not hold")
        time.sleep(2 * timeout / 1000)
        begun = time.monotonic()
        start = (ensemble.requests(), ensemble.written(), ensemble.cpu(),
                 sum(cpu_of(h.pid) for h in holders))
        time.sleep(seconds)
        elapsed = time.monotonic() - begun
        end = (ensemble.requests(), ensemble.written(), ensemble.cpu(),
               sum(cpu_of(h.pid) for h in holders))
        rates = [(b - a) / elapsed for a, b in zip(start, end)]
        beside = latency(build, ensemble.addresses[0])
        for holder in holders:
            holder.stdin.close()
        lost = sum(holder.wait() != 0 for holder in holders)
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()
        ensemble.stop()
    print(f"| {servers} | {count:,} | {rates[0]:,.0f} | {rates[1] / 1000:,.0f} kB/s | {100 * rates[2]:.0f} % | "
          f"{100 * rates[3]:.0f} % | {before[0]:.2f}, {before[1]:.2f} ms | "
          f"{beside[0]:.2f}, {beside[1]:.2f} ms | {lost} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--holders", default="1000,5000")
    parser.add_argument("--servers", default="1,3")
    parser.add_argument("--timeout", type=int, default=10000, help="of the sessions, in ms")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--data-dir")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    directory = options.data_dir or os.path.join(options.build, "idle-holders")
    print("| servers | holders | requests/s | to disk | CPU of the servers | of the holders "
          "| `lock` before (p50, p99) | beside them | processes that lost a lease |")
    print("|---|---|---|---|---|---|---|---|---|")
    for servers in map(int, options.servers.split(",")):
        for count in map(int, options.holders.split(",")):
            subprocess.run(["rm", "-rf", directory], check=True)
            measure(options.build, servers, count, options.timeout, options.seconds, directory)
            subprocess.run(["rm", "-rf", directory], check=True)


if __name__ == "__main__":
    main()
