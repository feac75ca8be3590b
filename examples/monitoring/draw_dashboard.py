#!/usr/bin/env python3
"""draw_dashboard.py DASHBOARD RECORDED: draws what Grafana would show of what was recorded; prints the SVG.

It knows the few forms of queries that dashboard.json has. To draw the picture of the guide anew (diagrams_test.sh
checks that it is up to date):

    cd examples/monitoring && ./draw_dashboard.py dashboard.json recorded.txt >dashboard.svg
"""
import json
import re
import sys
from html import escape

WIDTH, HEIGHT, GAP = 470, 190, 14  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 48, 10, 34, 46  # in a panel, around its plot
STEP, MINUTE = 2, 60
# Grafana makes $__rate_interval a minute when Prometheus scrapes each 15 s.
COLORS = ["#3274d9", "#e0752d", "#3f9e4d", "#a352cc", "#c4162a", "#8a6d00"]
STYLE = ("text{font:11px sans-serif;fill:#444}.title{font-weight:bold;font-size:13px;fill:#111}.panel{fill:#fff;"
         "stroke:#ccc}.grid{stroke:#e6e6e6}.line{fill:none;stroke-width:1.7}.axis{text-anchor:end}")
LINE = re.compile(r"(\d+) (\w+)\{(.*)\} (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
FILTER = re.escape('{lock=~"$lock"}')
GAUGE = re.compile(rf"(\w+){FILTER}")
ABSENCE = re.compile(rf"1 - (\w+){FILTER}")
INCREASE = re.compile(rf"increase\((\w+){FILTER}\[\$__rate_interval\]\)")
QUANTILE = re.compile(rf"histogram_quantile\(([0-9.]+), sum by \(le\) \(rate\((\w+){FILTER}\[\$__rate_interval\]\)\)\)")


class Recorded:
    """Each series at each step."""

    def __init__(self, lines):
        changes = {}
        self.end = 0
        for line in lines:
            second, metric, labels, value = LINE.fullmatch(line).groups()
            changes.setdefault((metric, labels), {})[int(second)] = float(value)
            self.end = max(self.end, int(second))
        self.times = range(0, self.end + 1, STEP)
        self.series = {key: self.fill(values) for key, values in changes.items()}

    def fill(self, values):
        filled, last = [], 0.0
        for time in self.times:
            last = values.get(time, last)
            filled.append(last)
        return filled

    def of(self, metric):
        found = [(dict(LABEL.findall(labels)), values) for (name, labels), values in self.series.items()
                 if name == metric]
        if not found:
            sys.exit(f"nothing was recorded of {metric}")
        return found


def growth(values):
    back = MINUTE // STEP
    return [value - values[max(0, i - back)] for i, value in enumerate(values)]


def quantile(part, buckets):
    """Of (upper bound, count up to it), sorted: as Prometheus does, linear within a bucket."""
    total = buckets[-1][1]
    if total <= 0:
        return None
    lower, below = 0.0, 0.0
    for upper, count in buckets:
        if count >= part * total:
            if upper == float("inf"):
                return lower
            return lower + (upper - lower) * (part * total - below) / max(count - below, 1e-9)
        lower, below = upper, count
    return lower


def evaluate(expression, recorded):
    """The lines of one query: (labels, values)."""
    if match := GAUGE.fullmatch(expression):
        return recorded.of(match[1])
    if match := ABSENCE.fullmatch(expression):
        return [(labels, [1 - value for value in values]) for labels, values in recorded.of(match[1])]
    if match := INCREASE.fullmatch(expression):
        return [(labels, growth(values)) for labels, values in recorded.of(match[1])]
    if match := QUANTILE.fullmatch(expression):
        bounds = {}
        for labels, values in recorded.of(match[2]):
            bound = float(labels["le"].replace("+Inf", "inf"))
            sums = bounds.setdefault(bound, [0.0] * len(values))
            bounds[bound] = [a + b for a, b in zip(sums, growth(values))]
        return [({}, [quantile(float(match[1]), sorted((bound, sums[i]) for bound, sums in bounds.items()))
                      for i in range(len(recorded.times))])]
    sys.exit(f"this form of query is not known here: {expression}")


def shown(lines):
    """Without the lines that are 0 all the time: there are many, and Grafana draws them on top of each other."""
    return [line for line in lines if any(line[1])] or lines[:1]


def round_up(value):
    for limit in (1, 2, 5, 10, 20, 50, 100, 200, 500):
        if value <= limit:
            return limit
    return value


def path(values, x, y):
    parts, pen = [], "M"
    for i, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        if 0 < i < len(values) - 1 and values[i - 1] == value == values[i + 1]:
            continue  # in the middle of a straight line
        parts.append(f"{pen}{x(i):.1f} {y(value):.1f}")
        pen = "L"
    return "".join(parts)


def draw_panel(panel, recorded):
    lines = []
    for target in panel["targets"]:
        for labels, values in evaluate(target["expr"], recorded):
            name = re.sub(r"\{\{(\w+)\}\}", lambda match, of=labels: of[match[1]], target["legendFormat"])
            lines.append((name, values))
    lines = shown(lines)
    top = round_up(max(value or 0 for _, values in lines for value in values))
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    count = len(recorded.times) - 1
    unit = " s" if panel["fieldConfig"]["defaults"]["unit"] == "s" else ""

    def x(i):
        return LEFT + width * i / count

    def y(value):
        return TOP + height * (1 - value / top)

    body = [f'<rect class="panel" width="{WIDTH}" height="{HEIGHT}" rx="3"/>',
            f'<text class="title" x="12" y="20">{escape(panel["title"])}</text>']
    for part in (0, 0.5, 1):
        body.append(f'<path class="grid" d="M{LEFT} {y(part * top):.1f}h{width}"/>'
                    f'<text class="axis" x="{LEFT - 6}" y="{y(part * top) + 4:.1f}">{part * top:g}{unit}</text>')
    for minute in range(recorded.end // MINUTE + 1):
        body.append(f'<text text-anchor="middle" x="{x(minute * MINUTE / STEP):.1f}" '
                    f'y="{HEIGHT - BOTTOM + 15}">{minute} min</text>')
    place, legend = 0, []
    for number, (name, values) in enumerate(lines):
        color = COLORS[number % len(COLORS)]
        body.append(f'<path class="line" stroke="{color}" d="{path(values, x, y)}"/>')
        legend.append(f'<path stroke="{color}" stroke-width="3" d="M{place} -4h12"/>'
                      f'<text x="{place + 16}">{escape(name)}</text>')
        place += 26 + 6 * len(name)
    scale = min(1, (width + RIGHT - 4) / place)
    body.append(f'<g transform="translate({LEFT} {HEIGHT - 10}) scale({scale:.2f})">{"".join(legend)}</g>')
    return "".join(body)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    with open(sys.argv[2], encoding="utf-8") as file:
        recorded = Recorded(line.rstrip("\n") for line in file if not line.startswith("#"))
    rows = (len(panels) + 1) // 2
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH + 3 * GAP} {rows * (HEIGHT + GAP) + GAP}">')
    print(f"<style>{STYLE}</style>")
    print('<rect width="100%" height="100%" fill="#f4f5f5"/>')
    for i, panel in enumerate(panels):
        left, top = GAP + (i % 2) * (WIDTH + GAP), GAP + (i // 2) * (HEIGHT + GAP)
        print(f'<g transform="translate({left} {top})">{draw_panel(panel, recorded)}</g>')
    print("</svg>")


if __name__ == "__main__":
    main()
