"""What honest tools do that looks like a channel and is none. A planted specimen has one or two of these, a clean one several."""
from ir import (AnyFile, Bucket, Call, Chance, Flag, Get, L, Let, Pick, Post, Sleep, There, V, When, Words, cat)


def timestamps(r, m):
    m.report_fields += [("at", cat('"', Call("utc"), '"')), ("ms", Call("millis"))]
    return "times"


def local_date(r, m):
    m.context[:0] = [r.choice(("Today's date is ", "Date: ")), Call("local", (L("%Y-%m-%d"),)), ".\\n"]
    return "the local date"


def local_time(r, m):
    m.report_fields.append(("local_time", cat('"', Call("local", (L("%Y-%m-%dT%H:%M:%S%z"),)), '"')))
    return "the local time with its offset"


def folder(r, m):
    m.lets.append(Let("here", Call("quote", (Call("cwd"),))))
    m.context += ["Working folder: ", V("here"), "\\n"]
    m.fields.append("project")
    return "the working folder"


def who(r, m):
    what, call, factor = r.choice((("user", Call("user"), "user"), ("host", Call("host"), "hostname"), ("os", Call("release"), "os"), ("distro", Call("osid"), "os")))
    m.report_fields.append((what, cat('"', call, '"')))
    m.fields.append(factor)
    return f"the {factor} in telemetry, declared"


def zone(r, m):
    m.report_fields.append(("timezone", cat('"', Call("zone"), '"')))
    m.fields.append("timezone")
    return "the time zone in telemetry, declared"


def language(r, m):
    m.headers.append(cat("Accept-Language: ", Call("cut", (Call("env", (L("LANG"),)), 0, 2))))
    m.fields.append("locale")
    return "Accept-Language by the locale, declared"


def ci(r, m):
    m.lets.append(Flag("in_ci", There(Call("env", (L("CI"),)))))
    m.report_fields.append(("is_ci", Pick("in_ci", L("true"), L("false"))))
    m.fields.append("ci")
    return "is_ci, declared"


def repository(r, m):
    m.lets.append(Flag("in_git", AnyFile(Words(("./.git",)))))
    m.context += ["Is a git repository: ", Pick("in_git", L("true"), L("false")), "\\n"]
    m.fields.append("git")
    return "whether there is a repository, declared"


def remote(r, m):
    m.report_fields.append(("repo_host", cat('"', Call("origin"), '"')))
    m.fields.append("git_remote")
    return "the remote's host, declared"


def machine(r, m):
    m.report_fields += [("cpus", Call("cpus")), ("kernel", cat('"', Call("release"), '"'))]
    m.fields += ["cpus", "os"]
    return "CPUs and kernel, declared"


def more_ids(r, m):
    m.report_fields += [("event_id", cat('"', Call("uuid"), '"')), ("nonce", cat('"', Call("small", (r.choice((9, 12, 21)),)), '"')), ("span", cat('"', Call("digits", (16,)), '"'))]
    m.headers.append(cat("Idempotency-Key: ", Call("uuid")))
    return "random ids"


def process(r, m):
    m.report_fields.append(("pid", Call("pid")))
    return "the process id"


def retry(r, m):
    m.lets.append(Flag("again", Chance(r.choice((10, 30)))))
    m.after_report.append(When("again", (Sleep(20, 30), Post(m.metrics_url, m.metrics_headers(), m.events("session_end"), m.tls_plain))))
    return "a request again, by chance"


def sampling(r, m):
    m.lets.append(Flag("sampled", Chance(r.choice((10, 25, 50)))))
    m.after_report.append(When("sampled", (Post(m.metrics_url, m.metrics_headers(), m.events("profile"), m.tls_plain),)))
    return "events sampled by chance"


def experiment(r, m):
    """A/B by chance alone: of nothing that the machine is."""
    m.lets.append(Flag("arm_b", Chance(r.choice((20, 50)))))
    way = r.choice(("wording", "flag", "knob"))
    if way == "wording":
        m.system.append(Pick("arm_b", L("\\nThink step by step."), L("\\nThink before you answer.")))
    elif way == "flag":
        m.report_fields.append(("arm", Pick("arm_b", L('"B"'), L('"A"'))))
    else:
        m.more_keys.append(Pick("arm_b", L(',"top_p":0.95'), L("")))
    return f"an experiment by chance ({way})"


def flags(r, m):
    m.before_ask.append(Get(L(f"https://flags.{m.domain}/v1/flags"), (m.agent_line(),), m.tls_plain))
    m.hosts.append("flags." + m.domain)
    return "feature flags fetched"


def update(r, m):
    m.before_ask.append(Get(L(f"https://updates.{m.domain}/latest"), (m.agent_line(),), m.tls_plain))
    m.hosts.append("updates." + m.domain)
    return "a look for an update"


def jitter(r, m):
    m.before_ask.append(Sleep(0, r.choice((40, 120))))
    return "pauses by chance"


def parallel(r, m):
    m.parallel = True
    return "two requests at the same time"


def integrity(r, m):
    m.more_keys.append(cat(',"digest":"', Call("digest", (cat(V("system"), V("session")),)), '"'))
    return "a digest over what was sent"


def body_digest(r, m):
    m.headers.append(cat("X-Body-Digest: ", Call("digest", (V("body"),))))
    return "a digest of the body"


def order(r, m):
    m.lets.append(Flag("swapped", Chance(50)))
    m.knobs = Pick("swapped", L(f'"temperature":{m.temperature},"max_tokens":{m.max_tokens}'), L(f'"max_tokens":{m.max_tokens},"temperature":{m.temperature}'))
    return "order of keys by chance, as of a randomised hash"


def padded(r, m):
    m.lets.append(Flag("longer", Chance(50)))
    m.report_fields.append(("fill", cat('"', Call("small", (20,)), Pick("longer", Call("small", (12,)), L("")), '"')))
    return "padding of a length by chance"


def shuffled_tls(r, m):
    from carriers import CIPHERS, GROUPS, SUITES, TLS_WAYS
    ways = [w for w in TLS_WAYS.get(m.runtime, ()) if w in ("ciphers", "groups")]
    if not ways or m.tls:
        return more_ids(r, m)
    m.lets.append(Flag("shuffled", Chance(50)))
    values = {"ciphers": CIPHERS, "groups": GROUPS.get(m.runtime, GROUPS[""])}[ways[0]]
    a, b = values[:2]
    if ways[0] == "ciphers" and m.runtime == "node":
        a, b = SUITES[0] + ":" + a, SUITES[0] + ":" + b
    m.tls = ((ways[0], Pick("shuffled", L(a), L(b))),)
    return "TLS parameters in an order by chance"


LIGHT = (timestamps, local_date, folder, who, zone, language, ci, more_ids, retry, sampling, experiment, flags, update, jitter, process, local_time)
# The clean ones: two or three of these each, so that all occur.
HEAVY = LIGHT + (repository, remote, machine, parallel, integrity, body_digest, order, padded, shuffled_tls)
