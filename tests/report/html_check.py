"""Finds errors in the HTML of a site."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
REFERENCES = ("aria-labelledby", "aria-describedby", "popovertarget", "for")


class Checker(HTMLParser):
    """Collects the errors of one page: tags, ids, headings, images, scripts, links."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.errors: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.links: list[tuple[str, str]] = []
        self.needed: list[str] = []
        self.text: list[str] = []
        self.json_blocks: list[str] = []
        self._in_json = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._check_tag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)
        self._in_json = tag == "script" and dict(attrs).get("type") == "application/json"
        if self._in_json:
            self.json_blocks.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._check_tag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.errors.append(f"</{tag}> does not match the open tag at {self.getpos()}")
        self._in_json = False

    def handle_data(self, data: str) -> None:
        if self._in_json:
            self.json_blocks[-1] += data
        elif "script" not in self.open:
            self.text.append(data)

    def _check_tag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.errors.append(f"<{tag}> repeats an attribute at {self.getpos()}")
        self.errors += [f"<{tag}> has {name}" for name in names if name.startswith("on")]
        if "id" in values:
            self.ids.append(values["id"])
        for name in REFERENCES:
            self.needed += values.get(name, "").split()
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "img" and not {"alt", "width", "height"} <= values.keys():
            self.errors.append(f"<img> lacks alt or size at {self.getpos()}")
        if tag == "script" and "src" not in values and values.get("type") != "application/json":
            self.errors.append(f"inline script at {self.getpos()}")
        for name in ("href", "src"):
            if name in values:
                self.links.append((tag, values[name]))


def check_page(path: Path, site: Path) -> Checker:
    """The parsed page with its errors in markup, structure and links."""
    page = Checker()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    errors = page.errors
    errors += [f"<{tag}> is not closed" for tag in page.open]
    errors += [f"id {name!r} is used twice" for name in set(page.ids) if page.ids.count(name) > 1]
    errors += [f"no id {name!r}" for name in page.needed if name not in page.ids]
    if page.headings[:1] != [1] or page.headings.count(1) != 1:
        errors.append(f"headings begin with {page.headings[:3]}")
    for before, after in zip(page.headings, page.headings[1:], strict=False):
        if after > before + 1:
            errors.append(f"heading {after} follows {before}")
    for tag, target in page.links:
        errors += _link_errors(tag, target, path, site, page)
    for block in page.json_blocks:
        json.loads(block)
    return page


def _link_errors(tag: str, target: str, path: Path, site: Path, page: Checker) -> list[str]:
    parts = urlsplit(target)
    if parts.scheme:
        # Links to papers are allowed; nothing is loaded from another host.
        return [] if tag == "a" and parts.scheme == "https" else [f"<{tag}> loads {target}"]
    if target.startswith("/"):
        return [f"{target} is absolute"]
    if not parts.path:
        return [] if parts.fragment in page.ids else [f"no target {target}"]
    file = (path.parent / unquote(parts.path)).resolve()
    if not file.is_relative_to(site.resolve()) or not file.is_file():
        return [f"{target} does not exist"]
    return []
