#!/usr/bin/env python3
"""plot.py RESULTS.jsonl OUT.svg: bars of the ratios to the floor, as summarize.py has them."""
import json
import sys
from html import escape
from statistics import median

from summarize import get

# workload -> (title, what is better, JSON path, floor)
PLOTS = {
    "W1": ("Lock + unlock, nobody else: cycles/s", "more", "cycles_per_s", "raw"),
    "W1:3": ("The same, with a new lock each time", "more", "cycles_per_s", "raw"),
    "W2": ("Handing over: median time", "less", "handoff_us.p50", "raw"),
    "W2:11": ("Handing over to the tenth waiter: median time", "less", "handoff_us.p50", "raw"),
    "W3:4": ("Convoy of 4: acquisitions/s", "more", "acq_per_s", "raw-chain"),
    "W3:16": ("Convoy of 16: acquisitions/s", "more", "acq_per_s", "raw-chain"),
    "W3:64": ("Convoy of 64: acquisitions/s", "more", "acq_per_s", "raw-chain"),
}
ROW, LABEL, WIDTH, MARGIN = 20, 130, 420, 16


def ratios(runs, workload, path, floor):
    """Name -> median, over the repetitions, of the ratio to the floor."""
    used = [r for r in runs if r["w"] == workload and r.get("used", True) and "failed" not in r]
    base = {r["rep"]: get(r, path) for r in used if r["name"] == floor}
    found = {}
    for r in used:
        if r["rep"] in base:
            found.setdefault(r["name"], []).append(get(r, path) / base[r["rep"]])
    return {name: median(values) for name, values in found.items()}


def bars(title, better, values, floor, top):
    """One plot, from y = top; returns its elements and where it ends."""
    scale = WIDTH / max(2, *(min(v, 4) for v in values.values()))
    out = [f'<text x="{MARGIN}" y="{top + 14}" class="t">{escape(title)}, of {escape(floor)} ({better} is better)</text>']
    y = top + 24
    for name, value in sorted(values.items(), key=lambda item: item[1], reverse=better == "more"):
        width = min(value, 4) * scale
        kind = "us" if name == "zklock" else "floor" if name == floor else "peer"
        out.append(f'<text x="{LABEL}" y="{y + 13}" class="n">{escape(name)}</text>'
                   f'<rect x="{LABEL + 8}" y="{y + 2}" width="{width:.0f}" height="{ROW - 5}" class="{kind}"/>'
                   f'<text x="{LABEL + 14 + width:.0f}" y="{y + 13}" class="v">{value:.2f}</text>')
        y += ROW
    return out, y + MARGIN


def main():
    source, target = sys.argv[1:]
    with open(source) as f:
        runs = [r for r in map(json.loads, f) if "w" in r]
    body, y = [], MARGIN
    for workload, (title, better, path, floor) in PLOTS.items():
        values = ratios(runs, workload, path, floor)
        if values:
            part, y = bars(title, better, values, floor, y)
            body += part
    width = LABEL + WIDTH + 80
    with open(target, "w") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" '
                'font-family="sans-serif" font-size="12">\n'
                '<style>.t{font-weight:bold}.n{text-anchor:end}.us{fill:#1b7f3b}.floor{fill:#999}.peer{fill:#4a7ab5}</style>\n'
                f'<rect width="{width}" height="{y}" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n")


if __name__ == "__main__":
    main()
