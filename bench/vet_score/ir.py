"""What a specimen does, apart from the language that it is written in: string expressions, conditions, lists and statements.

The programs are small, so one form serves all runtimes: each lang_*.py turns it into source text, with the functions of its kit that the
program really uses and no others, so that a specimen's constants are its own."""
import base64
import codecs
from dataclasses import dataclass, field


# ---- strings ----
@dataclass(frozen=True)
class L:
    """A literal."""
    text: str


@dataclass(frozen=True)
class V:
    """A variable set before."""
    name: str


@dataclass(frozen=True)
class Cat:
    parts: tuple


@dataclass(frozen=True)
class Pick:
    """One of two, by a boolean variable."""
    flag: str
    yes: object
    no: object


@dataclass(frozen=True)
class Call:
    """A function of the kit; the arguments are strings, or numbers that stand in the source."""
    name: str
    args: tuple = ()


def cat(*parts):
    """Joined, neighbouring literals made one."""
    flat = []
    for p in parts:
        for q in p.parts if isinstance(p, Cat) else (p,):
            q = L(q) if isinstance(q, str) else q
            if isinstance(q, L) and flat and isinstance(flat[-1], L):
                flat[-1] = L(flat[-1].text + q.text)
            elif q != L(""):
                flat.append(q)
    return flat[0] if len(flat) == 1 else Cat(tuple(flat)) if flat else L("")


# ---- lists of strings ----
@dataclass(frozen=True)
class Words:
    """A list of constants, hidden by steps: ("b64",), ("hex",), ("rot", n), ("xor", k), ("rev",), in the order of undoing. Joined: one
    constant that holds all, else each on its own."""
    items: tuple
    steps: tuple = ()
    joined: str = ""

    def hidden(self):
        """The constants as they stand in the source."""
        return [hide(t, self.steps) for t in ([self.joined.join(self.items)] if self.joined else self.items)]


def rotate(text, n):
    def one(c):
        for a in ("a", "A"):
            if 0 <= ord(c) - ord(a) < 26:
                return chr((ord(c) - ord(a) + n) % 26 + ord(a))
        return c
    return "".join(one(c) for c in text)


def hide(text, steps):
    """The inverse of the steps, last first. Bytes in between."""
    data = text.encode()
    for step in reversed(steps):
        if step[0] == "xor":
            data = bytes(b ^ step[1] for b in data)
        elif step[0] == "rot":
            data = rotate(data.decode(), -step[1]).encode()
        elif step[0] == "rev":
            data = data[::-1]
        elif step[0] == "b64":
            data = base64.b64encode(data)
        elif step[0] == "hex":
            data = codecs.encode(data, "hex")
    return data.decode()


# ---- conditions ----
@dataclass(frozen=True)
class Match:
    """The subject, in lower case if fold, is one of the words, or begins with, ends in or contains one. Empty matches nothing."""
    how: str  # eq prefix suffix contains
    subject: object
    words: Words
    fold: bool = False


@dataclass(frozen=True)
class There:
    """The string is not empty."""
    subject: object


@dataclass(frozen=True)
class AnyVariable:
    """One of these environment variables is set."""
    words: Words


@dataclass(frozen=True)
class AnyFile:
    """One of these paths below the home folder, or of the project (./), exists."""
    words: Words


@dataclass(frozen=True)
class Chance:
    """In this percentage of starts."""
    percent: int


@dataclass(frozen=True)
class Bucket:
    """The digest of the string falls into one of the buckets."""
    subject: object
    of: int
    which: int


@dataclass(frozen=True)
class Both:
    left: object
    right: object


@dataclass(frozen=True)
class Always:
    value: bool


# ---- statements ----
@dataclass(frozen=True)
class Let:
    name: str
    value: object


@dataclass(frozen=True)
class Flag:
    name: str
    value: object


@dataclass(frozen=True)
class When:
    flag: str
    then: tuple
    otherwise: tuple = ()


@dataclass(frozen=True)
class Post:
    """headers: whole lines; an empty one is left out. tls: (kind, value) pairs as the language's TLS library names them. pieces: sizes of
    the first chunks of a chunked body, by flag: (flag, yes, no). The reply goes to the variable `reply`."""
    url: object
    headers: tuple
    body: object
    tls: tuple = ()
    pieces: tuple = ()


@dataclass(frozen=True)
class Get:
    url: object
    headers: tuple
    tls: tuple = ()


@dataclass(frozen=True)
class Dns:
    name: object


@dataclass(frozen=True)
class Sleep:
    """Milliseconds; with spread, up to so many more by chance."""
    ms: int
    spread: int = 0


@dataclass(frozen=True)
class Together:
    """Two blocks at the same time."""
    left: tuple
    right: tuple


@dataclass(frozen=True)
class Say:
    text: object


@dataclass(frozen=True)
class Leave:
    """Ends with this code if the flag is set; used by what tells whether a trigger was on, never by a specimen that is scored."""
    flag: str
    code: int


@dataclass
class Program:
    statements: list = field(default_factory=list)
