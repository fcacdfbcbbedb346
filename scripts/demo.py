"""The demo's steps that are not rac: drawing the page, reading the answers. See demo.sh.

  demo.py page DIR      draws page.png; page.npy is the detector's input
  demo.py lines DIR     from the detector's map: page-lines.png, lines.npy (the classifier's input)
  demo.py answer DIR    prints what was found
  demo.py shape FILE    prints the shape of an array as --shape takes it: 1x3x256x480
  demo.py cost DIR      prints the totals of the compiler's reports
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# What stands on the page, and whether it is upside down.
TEXT = [("rac compiles models", False), ("ahead of time", True), ("and says what they cost", False)]
WIDTH, HEIGHT = 480, 256
# The detector's map is the probability that a pixel is text.
THRESHOLD = 0.3
# The classifier's input: lines are scaled to this height and padded to this width.
LINE_WIDTH, LINE_HEIGHT = 192, 48


def normalise(image):
    """Both models take BGR planes from -1 to 1."""
    rgb = np.asarray(image.convert("RGB"), np.float32)
    return np.ascontiguousarray((rgb[:, :, ::-1] / 127.5 - 1).transpose(2, 0, 1))


def page(folder):
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    font = ImageFont.load_default(size=32)
    for i, (text, upside_down) in enumerate(TEXT):
        strip = Image.new("RGB", (WIDTH - 40, 48), "white")
        ImageDraw.Draw(strip).text((4, 4), text, fill="black", font=font)
        image.paste(strip.rotate(180) if upside_down else strip, (20, 24 + 76 * i))
    image.save(folder / "page.png")
    np.save(folder / "page.npy", normalise(image)[None])


def boxes(mask):
    """The bounding boxes of the connected parts of a mask, top to bottom."""
    seen, found = np.zeros_like(mask), []
    for start in zip(*(indices.tolist() for indices in np.nonzero(mask))):
        if seen[start]:
            continue
        seen[start] = True
        stack, pixels = [start], []
        while stack:
            y, x = stack.pop()
            pixels.append((y, x))
            for near in [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]:
                inside = 0 <= near[0] < mask.shape[0] and 0 <= near[1] < mask.shape[1]
                if inside and mask[near] and not seen[near]:
                    seen[near] = True
                    stack.append(near)
        ys, xs = zip(*pixels)
        if len(pixels) >= 50:
            found.append((min(xs), min(ys), max(xs) + 1, max(ys) + 1))
    return sorted(found, key=lambda box: box[1])


def only_output(folder):
    files = sorted(folder.glob("*.npy"))
    if len(files) != 1:
        sys.exit(f"error: expected one output in {folder}, found {len(files)}")
    return np.load(files[0])


def lines(folder):
    image = Image.open(folder / "page.png")
    text_map = only_output(folder / "detected")[0, 0]
    found, crops = [], []
    for left, top, right, bottom in boxes(text_map > THRESHOLD):
        # The detector marks the middle of a line: its edges lie about as far out again.
        margin = round(0.6 * (bottom - top))
        box = (max(left - margin, 0), max(top - margin, 0), min(right + margin, WIDTH), min(bottom + margin, HEIGHT))
        found.append(box)
        crop = image.crop(box)
        width = min(LINE_WIDTH, round(crop.width * LINE_HEIGHT / crop.height))
        padded = np.zeros((3, LINE_HEIGHT, LINE_WIDTH), np.float32)
        padded[:, :, :width] = normalise(crop.resize((width, LINE_HEIGHT)))
        crops.append(padded)
    if not found:
        sys.exit("error: no line of text was found")
    drawing = ImageDraw.Draw(image)
    for box in found:
        drawing.rectangle(box, outline="red", width=2)
    image.save(folder / "page-lines.png")
    np.save(folder / "lines.npy", np.stack(crops))
    (folder / "lines.json").write_text(json.dumps(found))


def answer(folder):
    found = json.loads((folder / "lines.json").read_text())
    turned = only_output(folder / "classified")
    print(f"   {len(found)} lines of text ({len(TEXT)} were drawn), see {folder / 'page-lines.png'}")
    for box, (upright, upside_down) in zip(found, turned):
        way = "upside down" if upside_down > upright else "upright"
        print(f"   x {box[0]:3}–{box[2]:3}, y {box[1]:3}–{box[3]:3}: {way:11} ({max(upright, upside_down):.0%} sure)")
    ways = [bool(down > up) for up, down in turned]
    if ways != [upside_down for _, upside_down in TEXT]:
        sys.exit("error: that is not what was drawn")


def shape(file):
    print("x".join(map(str, np.load(file, mmap_mode="r").shape)))


def show(value, scale, unit):
    return "unknown" if value is None else f"{value * scale:.3g} {unit}"


def cost(folder):
    for name in ["detector", "classifier"]:
        report = json.loads((folder / f"{name}.json").read_text())
        totals = report["totals"]
        kinds = [group["kind"] for group in report["groups"]]
        print(
            f"   {name:10} {show(totals.get('flops'), 1e-9, 'GFLOP')}, {show(totals.get('seconds'), 1e3, 'ms')}, "
            f"{show(totals.get('joules'), 1e3, 'mJ')}, {show(totals.get('gco2e'), 1e6, 'µg CO₂e')}, "
            f"{show(totals.get('peak_bytes'), 2**-20, 'MiB')}; {kinds.count('library')} groups by library calls, "
            f"{kinds.count('generated')} generated"
        )
    print(f"   more in {folder}/detector.json and classifier.json")


if __name__ == "__main__":
    steps = {"page": page, "lines": lines, "answer": answer, "shape": shape, "cost": cost}
    if len(sys.argv) != 3 or sys.argv[1] not in steps:
        sys.exit(__doc__)
    steps[sys.argv[1]](Path(sys.argv[2]))
