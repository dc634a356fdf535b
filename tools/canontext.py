#!/usr/bin/python3
"""Writes src/parse/canon_text_table.h: characters that look like, or mean, plain ones; letters of other scripts that look like Latin ones; and
pairs of a letter and a mark that are one character (NFC). Not needed for a build."""
import unicodedata

CLASSES = {
    "'": "‘’‚‛ʹʻʼʽˈ′ʾʿˊˋ´＇՚׳ꞌꞋ᾽᾿❛❜",
    '"': "“”„‟″‶ʺ˝ˮ״＂❝❞〝〞〟",
    "-": "‐‑‒–—―⁃−﹘﹣－⸺⸻─━﹉",
    "...": "…⋯",
    ".": "․",
    " ": "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\u2800",
    "/": "⁄∕⧸",
    ":": "∶꞉",
    ";": "\u037e",
    "|": "∣ǀ",
    "~": "∼〜",
    "*": "∗⁎✱",
    "<": "‹",
    ">": "›",
    ",": "‚",
    "!": "ǃ",
    "\u2022": "‣◦∙⋅·•●▪‧・⦁",
}
ALIKE = {
    # Cyrillic, Greek, Armenian and others that fonts draw like Latin letters
    "a": "аɑ", "c": "сϲ", "d": "ԁ", "e": "еҽ", "g": "ց", "h": "һհ", "i": "іı", "j": "јϳ", "l": "ӏ", "n": "ո", "o": "оοօ", "p": "р",
    "q": "ԛզ", "s": "ѕ", "u": "ս", "v": "ѵν", "w": "ԝѡ", "x": "х", "y": "уү", "A": "АΑ", "B": "ВΒ", "C": "СϹ", "E": "ЕΕ", "F": "Ϝ",
    "G": "Ԍ", "H": "НΗ", "I": "ІΙӀ", "J": "Ј", "K": "КΚ", "M": "МΜ", "N": "Ν", "O": "ОΟՕ", "P": "РΡ", "S": "ЅՏ", "T": "ТΤ", "U": "Ս",
    "V": "Ѵ", "W": "Ԝ", "X": "ХΧ", "Y": "ҮΥ", "Z": "Ζ",
}
KINDS = ("<font>", "<wide>", "<narrow>", "<compat>", "<noBreak>")


def text(s):
    return '"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"'


plain = {}
for c in range(0x80, 0x110000):
    d = unicodedata.decomposition(chr(c)).split(" ", 1)
    if d[0] not in KINDS:
        continue
    s = unicodedata.normalize("NFKC", chr(c))
    if s.isascii() and len(s) <= len(chr(c).encode()):
        plain[c] = s
for to, all_of in CLASSES.items():
    for ch in all_of:
        if ch != to:
            plain[ord(ch)] = to if to != "\u2022" else "\\u2022"
pairs = []
for c in range(0x80, 0x30000):
    d = unicodedata.decomposition(chr(c)).split()
    if len(d) == 2 and not d[0].startswith("<") and unicodedata.normalize("NFC", chr(c)) == chr(c):
        pairs.append((int(d[0], 16), int(d[1], 16), c))
with open("src/parse/canon_text_table.h", "w", encoding="ascii") as out:
    out.write("/* Made by tools/canontext.py from the Unicode Character Database %s (Unicode-3.0 licence); sorted. */\n" % unicodedata.unidata_version)
    out.write("static const struct {\n\tuint32_t from;\n\tchar to[4];\n} plain_table[] = {\n")
    for c in sorted(plain):
        out.write("{0x%04X, %s},\n" % (c, '"\\xe2\\x80\\xa2"' if plain[c] == "\\u2022" else text(plain[c])))
    out.write("};\nstatic const struct {\n\tuint32_t from;\n\tchar to;\n} alike_table[] = {\n")
    for c, to in sorted((ord(ch), to) for to, all_of in ALIKE.items() for ch in all_of):
        out.write("{0x%04X, '%s'},\n" % (c, to))
    out.write("};\nstatic const struct {\n\tuint32_t base, mark, whole;\n} pair_table[] = {\n")
    for a, b, c in sorted(pairs):
        out.write("{0x%04X, 0x%04X, 0x%04X},\n" % (a, b, c))
    out.write("};\n")
