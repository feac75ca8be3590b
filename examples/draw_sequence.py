#!/usr/bin/env python3
"""draw_sequence.py FILE.txt: draws the sequence diagram that the file describes; prints the SVG.

    # a comment
    participants: process A | ZooKeeper | process B     from left to right
    A -> ZooKeeper: text                                a message; the last word of a name will do
    ZooKeeper --> A: text                               an answer or an event, dashed
    note A: text                                        beside the line of A
    hold A: text                                        the same; a bar on the line of A begins ...
    release A                                           ... and ends

diagrams_test.sh checks that the SVG files of the repository are what their text files say. To draw one anew:

    examples/draw_sequence.py examples/handover.txt >examples/handover.svg
"""
import re
import sys
from html import escape

COLUMN, MARGIN, ROW, TOP = 330, 130, 34, 30
STYLE = ("text{font:13px sans-serif}.name{font-weight:bold;text-anchor:middle}.message{text-anchor:middle}"
         ".line{stroke:#999;stroke-dasharray:2 3}.arrow{stroke:#222;fill:none;marker-end:url(#head)}"
         ".answer{stroke-dasharray:6 4}.bar{fill:#1b7f3b}.note{fill:#1b7f3b}")
MESSAGE = re.compile(r"(\w+) (-->|->) (\w+): (.+)")
REMARK = re.compile(r"(note|hold|release) (\w+)(?:: (.+))?")


def draw(lines):
    columns, names, bars, body = {}, [], {}, []
    y = TOP + ROW
    for number, line in lines:
        if line.startswith("participants: "):
            names = [name.strip() for name in line.removeprefix("participants: ").split("|")]
            columns = {name.split()[-1]: MARGIN + COLUMN * i for i, name in enumerate(names)}
        elif match := MESSAGE.fullmatch(line):
            source, kind, target, text = match.groups()
            start, end = columns[source], columns[target]
            gap = 6 if end > start else -6
            arrow = "arrow answer" if kind == "-->" else "arrow"
            body.append(f'<text class="message" x="{(start + end) // 2}" y="{y - 6}">{escape(text)}</text>')
            body.append(f'<path class="{arrow}" d="M{start + gap} {y}H{end - gap}"/>')
            y += ROW
        elif match := REMARK.fullmatch(line):
            kind, name, text = match.groups()
            x = columns[name]
            if kind == "hold":
                bars[name] = y - ROW
            if kind == "release":
                begin = bars.pop(name)
                body.append(f'<rect class="bar" x="{x - 4}" y="{begin}" width="8" height="{y - ROW - begin}"/>')
            if text:
                side = 'x="%d"' % (x + 12) if x < MARGIN + COLUMN else 'x="%d" text-anchor="end"' % (x - 12)
                body.append(f'<text class="note" {side} y="{y - 10}">{escape(text)}</text>')
                y += ROW
        else:
            sys.exit(f"line {number}: cannot read: {line}")
    if bars:
        sys.exit(f"held and not released: {', '.join(bars)}")
    width = 2 * MARGIN + COLUMN * (len(names) - 1)
    heads = [f'<text class="name" x="{MARGIN + COLUMN * i}" y="{TOP - 8}">{escape(name)}</text>'
             f'<path class="line" d="M{MARGIN + COLUMN * i} {TOP}V{y - ROW // 2}"/>' for i, name in enumerate(names)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" viewBox="0 0 {width} {y}">',
        f"<style>{STYLE}</style>",
        '<marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#222"/></marker>',
        f'<rect width="{width}" height="{y}" fill="#fff"/>', *heads, *body, "</svg>"])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = [(number, line.strip()) for number, line in enumerate(file, 1)]
    print(draw([(number, line) for number, line in lines if line and not line.startswith("#")]))


if __name__ == "__main__":
    main()
