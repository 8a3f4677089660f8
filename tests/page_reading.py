"""What a browser would make of HTML: its elements and its text."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

VOID: Final = frozenset({"meta", "input", "br"})


class Page(HTMLParser):
    """The elements of a page with their attributes, and the text by element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.mismatched: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.mismatched += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One more element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        """Closes the last one, which it should be; cells stand apart."""
        if tag in ("td", "th"):
            self.handle_data(" ")
        if not self._open or self._open.pop() != tag:
            self.mismatched.append(tag)

    def handle_data(self, data: str) -> None:
        """Text belongs to all elements around it."""
        for tag in set(self._open):
            self.texts[tag][-1] += data

    def tags(self) -> list[str]:
        """The names of the elements."""
        return [tag for tag, _ in self.elements]

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of the elements of one name."""
        return [attributes for name, attributes in self.elements if name == tag]
