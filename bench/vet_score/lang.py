"""What the languages have in common: choosing the functions of the kit that a program uses."""
import re

from ir import Cat, L


def parts(e):
    return e.parts if isinstance(e, Cat) else (e,)


def used(kit, text):
    """The functions of the kit that the text calls, and those that they call, in the order of the kit."""
    want, open_ = set(), {n for n in kit if re.search(r"\b" + n + r"\b", text)}
    while open_:
        n = open_.pop()
        want.add(n)
        open_ |= {m for m in kit if m not in want and m != n and re.search(r"\b" + m + r"\b", kit[n])}
    return "\n".join(kit[n].strip("\n") for n in kit if n in want)


class Language:
    """A subclass gives: text(e), condition(b), words(w), statement(s) -> lines, source(program)."""

    name = ""
    kit = {}

    def block(self, statements):
        return [line for s in statements for line in self.statement(s)]

    @staticmethod
    def indented(lines, by="\t"):
        return [by + line if line else line for line in lines]

    def concat(self, e, plus):
        return plus.join(self.text(p) for p in parts(e)) or self.text(L(""))
