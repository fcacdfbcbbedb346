"""Whether pages hold a report, and need nothing else: [--of-library] REPORT.json PAGE.html…"""

import json
import sys
from html.parser import HTMLParser
from pathlib import Path


class Page(HTMLParser):
    """What a page has: its elements, and the text of the element with the report."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.report, self._inside = [], "", False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._inside = dict(attributes).get("id") == "rac-report"

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.report += data


def of_library(report):
    """What a library holds: without what predictions are made of."""
    groups = [{**group, "breakdown": None} for group in report["groups"]]
    return {**report, "groups": groups, "coefficients": []}


def check(text, report):
    """What is wrong with the page, or None."""
    page = Page(text)
    if json.loads(page.report) != report:
        return "holds another report"
    for tag, attributes in page.elements:
        if tag in ("link", "img", "iframe", "object", "embed", "base"):
            return f"has a <{tag}>"
        for name in ("src", "href", "srcset", "data", "action"):
            if name in attributes and not attributes[name].startswith("#"):
                return f"<{tag}> refers to {attributes[name]}"
    # What the page would fetch all the same, the browser refuses.
    policies = [a.get("content", "") for tag, a in page.elements
                if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    if not any(policy.startswith("default-src 'none'") for policy in policies):
        return "lets the browser fetch"
    return None


if __name__ == "__main__":
    arguments = sys.argv[1:]
    from_library = arguments[0] == "--of-library"
    report, *pages = arguments[from_library:]
    wanted = json.loads(Path(report).read_text())
    if from_library:
        wanted = of_library(wanted)
    for file in pages:
        problem = check(Path(file).read_text(encoding="utf-8"), wanted)
        if problem:
            sys.exit(f"{file}: {problem}")
    print(f"{len(pages)} pages hold the report and fetch nothing")
