"""Tables in Markdown, and the generated part of a page."""

import json
import math
import os
import sys
import time

UNKNOWN = "–"


def number(value, scale=1):
    """Three digits that count, never in powers of ten."""
    if value is None:
        return UNKNOWN
    value *= scale
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    return f"{value:.{min(max(0, 2 - magnitude), 6)}f}"


def mebibytes(value):
    return number(value, 2**-20)


def percent(value):
    return UNKNOWN if value is None else f"{100 * value:.0f} %"


def times(value):
    return UNKNOWN if value is None else f"{number(value)}x"


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def table(head, rows):
    """The first column is text, the others are numbers."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def replace_part(page, name, text):
    """Replaces what stands between the page's comments <!-- NAME --> and <!-- end of NAME -->."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, found, rest = page.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        sys.exit(f"error: {page} has no part between {begin.strip()} and {end.strip()}")
    # Whole or not at all.
    part = page.with_name(page.name + ".part")
    part.write_text(f"{before}{begin}\n{text}\n\n{end}{after}")
    part.replace(page)


def run_of(processor, versions):
    """When, where and with what the numbers were taken."""
    engines = ", ".join(f"{name} {version}" for name, version in versions.items())
    load = os.getloadavg()[2]
    return f"{time.strftime('%Y-%m-%d')}, {processor}; {engines}. Load over 15 minutes: {load:.1f}."


def version_of(rows, engine):
    """That a measured engine has told of itself, in one of the rows."""
    return next((row["engines"][engine]["version"] for row in rows if "version" in row["engines"][engine]), "")


def publish(rows, text, args, part):
    """Writes rows and text to where --json and --markdown say. Ends in failure if rac failed or differed in a row."""
    if args.json:
        args.json.write_text(json.dumps({"rows": rows}, indent=1))
    print(text)
    if args.markdown:
        replace_part(args.markdown, part, text)
    if any("error" in row["engines"]["rac"] for row in rows):
        sys.exit(f"error: rac fails or differs in some row of {part}")
