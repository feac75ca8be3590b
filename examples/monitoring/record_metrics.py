#!/usr/bin/env python3
"""record_metrics.py SECONDS URL...: scrapes each URL every other second; prints what draw_dashboard.py draws.

Each line of the output: the second, and a metric as Prometheus would store it, with the label `instance`: a, b, ...
A value that is as before has no line.
"""
import sys
import time
import urllib.request


def main():
    last = {}
    begun = time.monotonic()
    for second in range(0, int(sys.argv[1]) + 1, 2):
        time.sleep(max(0.0, begun + second - time.monotonic()))
        for number, url in enumerate(sys.argv[2:]):
            try:
                with urllib.request.urlopen(url, timeout=0.5) as answer:
                    lines = answer.read().decode().splitlines()
            except OSError:  # a process that hangs: as Prometheus, go on with the others
                continue
            for line in lines:
                name, _, value = line.rpartition(" ")
                if not name.startswith("zklock_"):
                    continue
                series = name[:-1] + f',instance="{chr(ord("a") + number)}"}}'
                if last.get(series) != value:
                    print(second, series, f"{float(value):.6g}")
                last[series] = value


if __name__ == "__main__":
    main()
