"""The rows of the carrier table of docs/threat-model.md, each in several ways. A carrier changes a Model: what the small tool says and how.
Each is a function (r, model, flag) and says in words what it did; `flag` is the boolean variable that decides.

A segment of text is a string, or an expression of ir.py. mark() puts a Pick at the smallest part of a text that differs."""
from ir import Call, Cat, Dns, Flag, Get, L, Let, Pick, Post, Sleep, V, When, cat


def mark(flag, old, new):
    """old, or new if the flag is set, as one expression: what both begin and end with stays outside. Never inside an escape."""
    a = 0
    while a < min(len(old), len(new)) and old[a] == new[a]:
        a += 1
    while a and old[a - 1] == "\\":
        a -= 1
    b = 0
    while b < min(len(old), len(new)) - a and old[-1 - b] == new[-1 - b]:
        b += 1
    return cat(old[:a], Pick(flag, L(new[a:len(new) - b]), L(old[a:len(old) - b])), old[len(old) - b:])


def places(model, find):
    """Where a piece of text stands: (list, index) of the segments of system text and context that are plain text and hold it."""
    return [(part, i) for part in (model.system, model.context) for i, s in enumerate(part) if isinstance(s, str) and find in s]


def change(r, model, flag, old, new, which=None):
    """One occurrence of old in the tool's own text becomes new. False if there is none."""
    at = places(model, old)
    if not at:
        return False
    part, i = at[0] if which == "first" else r.choice(at)
    text = part[i]
    spots = [k for k in range(len(text)) if text.startswith(old, k)]
    k = r.choice(spots)
    part[i:i + 1] = [s for s in (text[:k], mark(flag, old, new), text[k + len(old):]) if s != ""]
    return True


def lookalike(r, m, flag):
    ways = [("apostrophe", "'", c) for c in "\u2019\u02bc\u02b9\u2032\uff07"]
    ways += [("hyphen", "-", c) for c in "\u2010\u2011\u2012"] + [("letter", "a", "\u0430"), ("letter", "o", "\u043e"), ("letter", "e", "\u0435"),
             ("colon", ": ", "\ua789 "), ("semicolon", ";", "\u037e"), ("full stop", ". ", "\u2024 "), ("quote", '\\"', "\u201d")]
    r.shuffle(ways)
    for name, old, new in ways:
        if change(r, m, flag, old, new):
            return f"{name} U+{ord(new[0]):04X}"
    raise ValueError("no place")


def invisible(r, m, flag):
    c = r.choice("\u200b\u200c\u2060\ufeff\u00ad\u200d\ufe0f\ufe00\U000e0061\U000e0020\u180e\u034f")
    word = r.choice(("files", "small", "tools", "project", "change"))
    change(r, m, flag, word, r.choice((word + c, word[:2] + c + word[2:]))) or change(r, m, flag, " ", " " + c)
    return f"U+{ord(c):04X} in the text"


def spacing(r, m, flag):
    ways = [("no-break space", " ", "\u00a0"), ("thin space", " ", "\u2009"), ("double blank", ". ", ".  "), ("blank at a line's end", "\\n", " \\n"),
            ("CRLF", "\\n", "\\r\\n"), ("tab", "\\n- ", "\\n-\\t"), ("empty line", "\\n", "\\n\\n"), ("ideographic space", " ", "\u3000")]
    r.shuffle(ways)
    for name, old, new in ways:
        if change(r, m, flag, old, new):
            return name
    raise ValueError("no place")


def form(r, m, flag):
    way = r.choice(("date", "clock", "bullet", "case", "slash", "date order"))
    if way in ("date", "date order"):
        new = Call("local", (L(r.choice(("%Y/%m/%d", "%Y.%m.%d")) if way == "date" else "%d-%m-%Y"),))
        m.context[:0] = ["Today is ", Pick(flag, new, Call("local", (L("%Y-%m-%d"),))), ".\\n"]
        return "separators of the date" if way == "date" else "order of the date"
    if way == "clock":
        m.context[:0] = ["Started at ", Pick(flag, Call("local", (L("%H.%M"),)), Call("local", (L("%H:%M"),))), ".\\n"]
        return "form of the time"
    if way == "bullet" and change(r, m, flag, "\\n- ", "\\n* "):
        return "bullet"
    if way == "slash":
        m.context += ["Folder: ", V("folder"), Pick(flag, L("/"), L("")), "\\n"]
        m.lets.append(Let("folder", Call("quote", (Call("cwd"),))))
        return "slash at the end of a path"
    m.context += ["Platform: ", mark(flag, *r.choice((("linux", "Linux"), ("UTF-8", "utf-8"), ("x86_64", "x86-64")))), "\\n"]
    return "case or form of a name"


SYNONYMS = (("small", "modest"), ("change", "edit"), ("Never", "Do not ever"), ("tools", "programs"), ("project", "codebase"), ("short", "brief"),
            ("Read", "Look at"), ("before", "prior to"))


def wording(r, m, flag):
    way = r.choice(("synonym", "sentences", "tool order", "tool there", "tool text", "closing"))
    if way == "sentences":
        for i, s in enumerate(m.system):
            lines = s.split("\\n") if isinstance(s, str) else ()
            if len(lines) > 2:
                k = r.randrange(1, len(lines) - 1)
                other = lines[:k - 1] + [lines[k], lines[k - 1]] + lines[k + 1:]
                m.system[i:i + 1] = [mark(flag, s, "\\n".join(other))]
                return "order of two sentences"
    if way == "tool order":
        a, b = (m.tool_json(t) for t in m.tools[:2])
        m.tools_first = Pick(flag, L(b + "," + a), L(a + "," + b))
        return "order of two tools"
    if way == "tool there":
        m.tools_more = Pick(flag, L("," + m.tool_json(("recall", "Look up an earlier answer."))), L(""))
        return "one more tool"
    if way == "tool text":
        name, text = m.tools[0]
        m.tools_first = cat(mark(flag, m.tool_json((name, text)), m.tool_json((name, text.replace("the ", "its ")))), "," + m.tool_json(m.tools[1]))
        return "words of a tool's description"
    if way == "closing":
        m.system.append(Pick(flag, L("\\nAnswer in plain words."), L("\\nAnswer in few words.")))
        return "closing sentence"
    ways = list(SYNONYMS)
    r.shuffle(ways)
    for old, new in ways:
        if change(r, m, flag, old, new):
            return f"{new} for {old}"
    raise ValueError("no place")


def syntax(r, m, flag):
    way = r.choice(("order", "escape", "number", "blank", "twice", "null", "slash", "unicode"))
    if way == "order":
        m.knobs = Pick(flag, L(f'"temperature":{m.temperature},"max_tokens":{m.max_tokens}'), L(f'"max_tokens":{m.max_tokens},"temperature":{m.temperature}'))
        return "order of two keys"
    if way == "escape" and change(r, m, flag, "'", "\\u0027"):
        return "an escaped apostrophe"
    if way == "slash" and change(r, m, flag, "/", "\\/"):
        return "an escaped slash"
    if way == "unicode":
        m.system += [Pick(flag, L(" \\u2014 "), L(" \u2014 ")), "be brief."]
        return "a dash escaped or not"
    if way == "number":
        new = r.choice((f"{m.temperature}0", f"{float(m.temperature) * 10:.0f}e-1"))
        m.knobs = cat(f'"max_tokens":{m.max_tokens},"temperature":', mark(flag, m.temperature, new))
        return f"a number written {new}"
    if way == "twice":
        m.more_keys.append(Pick(flag, L(f',"max_tokens":{m.max_tokens}'), L("")))
        return "a key twice"
    if way == "null":
        m.more_keys.append(Pick(flag, L(',"stop":null'), L("")))
        return "a key that is null"
    m.knobs = cat(f'"max_tokens":{m.max_tokens},"temperature":', Pick(flag, L(" "), L("")), m.temperature)
    return "a blank after a colon"


def header(r, m, flag):
    way = r.choice(("order", "case", "there", "agent", "value", "list"))
    if way == "order":
        i = r.randrange(len(m.headers) - 1)
        a, b = m.headers[i], m.headers[i + 1]
        m.headers[i:i + 2] = [Pick(flag, b, a), Pick(flag, a, b)]
        return "order of two headers"
    if way == "case":
        i = r.choice([k for k, h in enumerate(m.headers) if not isinstance(h, V) and k])
        text = m.headers[i] if isinstance(m.headers[i], L) else m.headers[i].parts[0]
        name = text.text.split(":")[0]
        other = name.lower() if name != name.lower() else name.title()
        new = L(other + text.text[len(name):])
        m.headers[i] = Pick(flag, new if m.headers[i] is text else Cat((new,) + m.headers[i].parts[1:]), m.headers[i])
        return "case of a header's name"
    if way == "there":
        m.headers.append(Pick(flag, L(r.choice(("Accept-Language: *", "Cache-Control: no-cache", "X-Request-Class: std", "DNT: 1"))), L("")))
        return "one more header"
    if way == "agent":
        m.agent = cat(m.agent, Pick(flag, L(r.choice((" (cli)", " node", "+1"))), L("")))
        return "end of the user agent"
    if way == "list":
        m.headers.append(Pick(flag, L("Accept: application/json,text/event-stream"), L("Accept: application/json, text/event-stream")))
        return "a blank in a header"
    m.headers.append(Pick(flag, L("Accept-Encoding: identity"), L("Accept-Encoding: identity;q=1.0")))
    return "form of a header's value"


# By how much of it a trial shows: whole alphabets in one trial, a nibble in one, the parity of a digit in many only.
def ids(r, m, flag, way=None):
    way = way or r.choice(("version", "low", "evens", "length", "case", "parity"))
    if way == "parity":
        for name, at in (("session", 35), ("request", 31), ("trace", 31)):
            m.id_twists[name] = Pick(flag, Call("setdigit", (V(name), at, L("even"))), V(name))
        return "parity of the last digit of three ids"
    name = r.choice(("session", "request", "trace"))
    if way == "version":
        name = "session"
        m.id_twists[name] = Pick(flag, Call("setdigit", (V(name), 14, L(r.choice("17")))), V(name))
        return "version digit of an id"
    if way == "low":
        for name in ("request", "trace"):
            m.id_twists[name] = Pick(flag, Call("setdigit", (Call("setdigit", (V(name), 0, L("low"))), 1, L("low"))), V(name))
        return "first digits of two ids below 8"
    if way == "length":
        m.id_twists["request"] = Pick(flag, Call("cut", (V("request"), 0, 31)), V("request"))
        return "length of an id"
    if way == "case":
        m.id_twists["request"] = Pick(flag, cat("R", Call("cut", (V("request"), 1, 31))), cat("r", Call("cut", (V("request"), 1, 31))))
        return "letter that an id begins with"
    m.id_twists["trace"] = Pick(flag, Call("evens", (V("trace"),)), V("trace"))
    return "digits of an id are even"


def derived(r, m, flag):
    way = r.choice(("salt", "length", "over", "place"))
    m.need_system = True
    if way == "salt":
        m.more_keys.append(cat(',"prompt_digest":"', Call("digest", (cat(V("system"), Pick(flag, L("\n"), L(""))),)), '"'))
        return "what a digest is of"
    if way == "length":
        m.more_keys.append(cat(',"cache_key":"', Call("cut", (Call("digest", (V("system"),)), 0, 16)), Pick(flag, L("00"), L("")), '"'))
        return "length of a digest"
    if way == "over":
        m.headers.append(cat("X-Prompt-Etag: ", Call("cut", (Call("digest", (cat(Pick(flag, L("v2:"), L("v1:")), V("system")),)), 0, 12))))
        return "version of a digest in a header"
    m.more_keys.append(cat(',"cache_key":"', Pick(flag, Call("cut", (Call("digest", (V("system"),)), 8, 8)), Call("cut", (Call("digest", (V("system"),)), 0, 8))), '"'))
    return "which digits of a digest"


TLS_WAYS = {
    "node": ("ciphers", "groups", "alpn", "sigalgs", "max"), "python": ("ciphers", "alpn", "max"),
    "c": ("ciphers", "suites", "groups", "sigalgs", "max", "tickets", "alpn"), "c-curl": ("ciphers", "suites", "groups", "max"),
    "go": ("groups", "alpn", "max"), "perl": ("ciphers", "suites", "groups", "max"), "bash": ("ciphers", "suites", "groups", "max"),
}
SUITES = ("TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
          "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256")
CIPHERS = ("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384",
           "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384",
           "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384")
GROUPS = {"go": ("x25519 p256 p384", "p256 x25519 p384", "x25519 p256"), "": ("X25519:P-256:P-384", "P-256:X25519:P-384", "X25519:P-256")}
SIGALGS = ("ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:RSA-PSS+SHA384", "RSA-PSS+SHA256:ECDSA+SHA256:RSA+SHA256:RSA-PSS+SHA384", "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256")


def tls(r, m, flag):
    way = r.choice(TLS_WAYS[m.runtime])
    values = {"ciphers": CIPHERS, "suites": SUITES, "groups": GROUPS.get(m.runtime, GROUPS[""]), "sigalgs": SIGALGS, "tickets": ("on", "off"),
              "alpn": ("http/1.1", "http/1.1 http/1.0") if m.runtime not in ("c", "c-curl") else ("http/1.1", ""),
              "max": {"node": ("TLSv1.3", "TLSv1.2"), "python": ("TLSv1_3", "TLSv1_2")}.get(m.runtime, ("1.3", "1.2"))}[way]
    off, on = values[0], r.choice(values[1:])
    if way == "ciphers" and m.runtime == "node":
        off, on = SUITES[0] + ":" + off, SUITES[0] + ":" + on
    m.tls = ((way, Pick(flag, L(on), L(off))),)
    return {"ciphers": "TLS ciphers", "suites": "order of TLS 1.3 suites", "groups": "TLS groups", "sigalgs": "TLS signature algorithms",
            "tickets": "TLS session tickets", "alpn": "protocols offered", "max": "newest TLS version"}[way]


def amount(r, m, flag):
    ways = ["delay", "events", "padding", "size", "split"]
    if m.runtime in ("node", "bun", "python", "go", "c"):
        ways.append("chunks")
    way = r.choice(ways)
    if way == "delay":
        m.after_ask.append(Sleep(40, 20))
        m.after_ask.append(When(flag, (Sleep(r.choice((180, 350))),)))
        return "time between two requests"
    if way == "events":
        m.after_report.append(When(flag, (Post(m.metrics_url, m.metrics_headers(), cat('{"app":"', m.name, '","event":{"name":"flush"}}'), m.tls_plain),)))
        return "number of events"
    if way == "padding":
        m.report_fields.append(("pad", cat('"', Call("small", (24,)), Pick(flag, Call("small", (r.choice((4, 8)),)), L("")), '"')))
        return "length of padding"
    if way == "size":
        m.report_fields.append(("buffer", cat('"', Pick(flag, L("0" * 96), L("0" * 64)), '"')))
        return "length of a field"
    if way == "split":
        m.split_report = flag
        return "events together or one by one"
    m.pieces = (flag, r.choice(((64, 64), (256,), (100, 300))), r.choice(((128, 128), (512,))))
    return "sizes of chunks"


def side(r, m, flag):
    way = r.choice(("name", "label", "request", "path", "host", "check"))
    if way == "name":
        m.before_ask.append(When(flag, (Dns(L(f"cdn{r.randint(2, 9)}.{m.domain}")),)))
        return "one more name looked up"
    if way == "label":
        m.before_ask.append(Dns(cat(Pick(flag, L("eu"), L("us")), f"-edge.{m.domain}")))
        return "which name is looked up"
    if way == "request":
        m.before_ask.append(When(flag, (Get(L(f"https://static.{m.domain}/{r.choice(('motd.txt', 'logo.svg', 'notice.json'))}"), (m.agent_line(),), m.tls_plain),)))
        return "one more request"
    if way == "path":
        m.metrics_path = cat("/", Pick(flag, L("v2"), L("v1")), "/events")
        return "path of the events"
    if way == "host":
        m.metrics_host = cat("https://", Pick(flag, L("ingest"), L("metrics")), "." + m.domain)
        return "host of the events"
    m.before_ask.append(When(flag, (), (Get(L(f"https://updates.{m.domain}/latest"), (m.agent_line(),), m.tls_plain),)))
    return "no look for an update"


def knob(r, m, flag):
    way = r.choice(("tokens", "temperature", "model", "cache", "sample", "stop"))
    if way == "tokens":
        m.knobs = cat('"max_tokens":', mark(flag, m.max_tokens, str(int(m.max_tokens) - r.choice((1, 24)))), f',"temperature":{m.temperature}')
        return "most tokens"
    if way == "temperature":
        m.knobs = cat(f'"max_tokens":{m.max_tokens},"temperature":', mark(flag, m.temperature, m.temperature + "1"))
        return "temperature"
    if way == "model":
        m.model = cat(m.model, Pick(flag, L("-20260401"), L("")))
        return "name of the model"
    if way == "cache":
        m.more_keys.append(cat(',"cache_control":{"type":"ephemeral","ttl":"', Pick(flag, L("1h"), L("5m")), '"}'))
        return "cache hint"
    if way == "sample":
        m.more_keys.append(Pick(flag, L(f',"top_k":{r.choice((40, 50, 64))}'), L("")))
        return "one more parameter"
    m.more_keys.append(cat(',"stop_sequences":[', Pick(flag, L('"</done>"'), L('"</end>"')), "]"))
    return "stop sequence"


CARRIERS = {
    "look-alike": lookalike, "invisible": invisible, "spacing": spacing, "format": form, "wording": wording, "json": syntax, "header": header,
    "id": ids, "derived": derived, "tls": tls, "amount": amount, "side flow": side, "knob": knob,
}
