"""The set: which specimens there are for a seed, and their sources. Seed 1 is the set of the documentation."""
import hashlib
import os
import random
import subprocess
from dataclasses import dataclass, field

import carriers
import noise
import triggers
from ir import Always, Flag, Let
from lang_bash import Bash
from lang_c import C
from lang_go import Go
from lang_node import Node
from lang_perl import Perl
from lang_python import Python
from tool import Model

RUNTIMES = ("node", "python", "c", "bash", "go", "perl", "c-curl", "node", "python", "bun")
CLEAN = 24
TRIGGERS = ("plain", "mined", "pair", "rollout")


@dataclass
class Specimen:
    name: str
    kind: str  # planted or clean
    carrier: str
    trigger: str
    runtime: str
    words: str  # what it does
    factors: tuple = ()
    values: tuple = ()
    gateway: bool = False
    noises: tuple = ()
    on: dict = None
    model: object = field(default=None, repr=False)
    condition: object = field(default=None, repr=False)

    def sources(self, force=None, code=0):
        """(file name, source). force: the trigger always or never on; code: of the end if it is on."""
        condition = self.condition if force is None else Always(force)
        flags = [Flag("mode", condition)] if condition else []
        lang = language(self.runtime, self.name)
        return f"main.{lang.suffix}", lang.source(self.model.program(flags, code, "mode"))


def language(runtime, name):
    two = hashlib.sha256(name.encode()).digest()[0] % 3 == 0
    return {"node": Node, "bun": Node, "python": Python, "perl": Perl, "go": Go, "c": C, "c-curl": lambda: C(True, two),
            "bash": lambda: Bash("--http2" if two else "--http1.1")}[runtime]()


def names(r):
    word = "".join(r.sample(triggers.SYLLABLES, 2))
    return word, f"{word}wright.example"


def planted(seed, number, carrier, kind, runtime):
    """One of the set; drawn again until runtime, carrier and trigger fit."""
    for turn in range(200):
        r = random.Random(f"{seed}/{number}/{turn}")
        name, domain = names(r)
        m = Model(r, runtime, name, domain)
        if runtime == "bun" and carrier == "tls":
            m.runtime = runtime = "node"
        if kind == "plain":
            about, t = triggers.plain(r)
        elif kind == "mined":
            about = r.choice(triggers.MINED_SUBJECTS) if turn else triggers.MINED_SUBJECTS[(number // 4 + seed - 1) % len(triggers.MINED_SUBJECTS)]
            encodings = list(triggers.ENCODINGS)
            encoding = encodings[(number // 4 + 3 * seed - 3 + turn) % len(encodings)]
            joined = r.random() < 0.5 or (runtime == "bash" and len(triggers.ENCODINGS[encoding]) > 1)
            t = triggers.mined(r, about, encoding, joined)
        elif kind == "pair":
            about, t = triggers.pair(r)
        else:
            about, t = triggers.rollout(r, ("start", "id", "machine")[(number // 4) % 3])
        # TLS is not seen at a gateway without it, but the events are; so all carriers fit all triggers.
        if runtime in t.without:
            continue
        noises = [n(r, m) for n in r.sample(noise.LIGHT, r.choice((1, 2, 2, 3)))]
        way = None if carrier != "id" else r.choice(("version", "low", "evens", "length", "case")) if kind in ("mined", "rollout") else None
        try:
            does = carriers.ids(r, m, "mode", way) if carrier == "id" else carriers.CARRIERS[carrier](r, m, "mode")
        except ValueError:
            continue
        return Specimen(f"{carrier.replace(' ', '-')}-{kind}", "planted", carrier, kind, runtime, f"{does}; {t.words}", t.factors, t.values, t.gateway,
                        tuple(noises), t.on, m, t.condition)
    raise RuntimeError(f"nothing fits {carrier} {kind} {runtime}")


def clean(seed, number, runtime):
    r = random.Random(f"{seed}/clean/{number}")
    name, domain = names(r)
    m = Model(r, runtime, name, domain)
    # Every kind of noise is the first of some specimen.
    first = noise.HEAVY[(number + (seed - 1) * 5) % len(noise.HEAVY)]
    chosen = [first] + r.sample([n for n in noise.HEAVY if n is not first], r.choice((2, 3)))
    chosen.sort(key=lambda n: n is noise.parallel)
    noises = [n(r, m) for n in chosen]
    return Specimen(f"clean-{number + 1:02d}-{first.__name__.replace('_', '-')}", "clean", "-", "-", runtime, "; ".join(noises), noises=tuple(noises), model=m)


def the_set(seed):
    out = []
    for i, carrier in enumerate(carriers.CARRIERS):
        for j, kind in enumerate(TRIGGERS):
            number = 4 * i + j
            out.append(planted(seed, number, carrier, kind, RUNTIMES[(number * 3 + i + seed) % len(RUNTIMES)]))
    for i in range(CLEAN):
        out.append(clean(seed, i, RUNTIMES[(i * 3 + seed) % len(RUNTIMES)]))
    return out


def bun():
    return os.environ.get("BUN") or next((p for d in os.environ.get("PATH", "").split(":") if os.access(p := d + "/bun", os.X_OK)), None)


def build(s, folder, force=None, code=0):
    """Writes the source and builds it. Returns the command, as words. Raises CalledProcessError with what the compiler said."""
    os.makedirs(folder, exist_ok=True)
    name, text = s.sources(force, code)
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)
    with open(os.path.join(folder, "profile.yaml"), "w", encoding="utf-8") as f:
        f.write(s.model.profile())
    binary = os.path.join(folder, s.model.name)

    def run(*command, **more):
        subprocess.run(command, check=True, capture_output=True, text=True, **more)

    if s.runtime in ("c", "c-curl"):
        run("gcc", "-std=gnu2x", "-O1", "-D_GNU_SOURCE", "-w", "-o", binary, path, *(("-lcurl",) if s.runtime == "c-curl" else ("-lssl",)), "-lcrypto")
        os.unlink(path)
        return [binary]
    if s.runtime == "go":
        run("go", "build", "-o", binary, path, env={**os.environ, "GO111MODULE": "off", "CGO_ENABLED": "0", "GOFLAGS": "", "GOPROXY": "off"})
        os.unlink(path)
        return [binary]
    if s.runtime == "bun" and bun():
        run(bun(), "build", "--compile", "--outfile", binary, path)
        os.unlink(path)
        return [binary]
    return {"node": ["node"], "bun": ["node"], "python": [real_python()], "perl": ["/usr/bin/perl"], "bash": ["/bin/bash"]}[s.runtime] + [path]


def real_python():
    # What PATH finds may be the shim of a version manager, which a trial does not have.
    return subprocess.run(["python3", "-c", "import sys; print(sys.executable)"], check=True, capture_output=True, text=True).stdout.strip()
