"""Makes one HTML file of the page's parts and the plotting library.

  assemble.py VEGA.js OUTPUT.html
"""

import sys
from pathlib import Path


def main():
    vega, output = map(Path, sys.argv[1:])
    here = Path(__file__).parent
    page = (here / "page.html").read_text()
    library = vega.read_text()
    # The only texts that would end a script early. (Both scripts are modules: each has names of its own.)
    for text in ("</script", "<!--"):
        if text in library:
            sys.exit(f"error: {vega} holds {text!r} and can't be put into a page")
    for name, text in [
        ("style", (here / "page.css").read_text()),
        ("vega", library),
        ("script", "\n".join((here / f"{part}.js").read_text() for part in PARTS)),
    ]:
        mark = "{{" + name + "}}"
        if page.count(mark) != 1:
            sys.exit(f"error: page.html must have {mark} once")
        page = page.replace(mark, text)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page)


# In the order that they build on each other.
PARTS = ["units", "dom", "charts", "sections", "groups", "main"]

if __name__ == "__main__":
    main()
