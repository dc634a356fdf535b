"""What a specimen tells one environment from another by. A trigger is a condition, what it stands on in words, and the factors of which a
finding may speak. Written from what is known of real tools and from what an adversary would think of; not from what Postern tries."""
from dataclasses import dataclass

from ir import AnyFile, AnyVariable, Both, Bucket, Call, Chance, L, Match, There, V, Words, cat


@dataclass
class Trigger:
    kind: str  # plain mined pair rollout, or one of the further ones
    condition: object
    words: str
    factors: tuple  # any of them is right
    # A level that holds one of these is right too, whatever factor it is of: what is mined may get a factor of its own.
    values: tuple = ()
    gateway: bool = False  # only where a gateway is used
    # Names of runtimes that cannot ask for it.
    without: tuple = ()
    # For a look at the condition alone: variables and files that turn it on, and such that do not.
    on: dict = None


def suffix(subject, *words, fold=True):
    return Match("suffix", subject, Words(words), fold)


def prefix(subject, *words):
    return Match("prefix", subject, Words(words))


def contains(subject, *words, fold=True):
    return Match("contains", subject, Words(words), fold)


def equals(subject, *words):
    return Match("eq", subject, Words(words))


ZONE, LANG, HOSTNAME, USER = Call("zone"), Call("env", (L("LANG"),)), Call("host"), Call("user")
GATEWAY, ORIGIN, MAIL = Call("urlhost", (V("base"),)), Call("origin"), Call("mail")


# ---- plain: (name, condition, words, factors, options) ----
def plain_table(r):
    """One thing that people differ in, asked for in so many words."""
    countries = [("." + c, w) for c, w in (("cn", "China"), ("ru", "Russia"), ("ir", "Iran"), ("de", "Germany"), ("gov", "a government"))]
    some = r.sample(countries[:3], 2)
    tld, where = tuple(t for t, _ in some), " or ".join(w for _, w in some)
    return [
        ("zone-region", prefix(ZONE, r.choice(("Asia/", "Europe/", "America/"))), "the time zone's region", ("timezone",), {}),
        ("zone", equals(ZONE, *r.choice((("Asia/Shanghai", "Asia/Chongqing"), ("Europe/Moscow", "Europe/Volgograd"), ("Asia/Kolkata", "Asia/Calcutta"),
            ("Asia/Tehran", "Iran"), ("Asia/Pyongyang", "Asia/Seoul")))), "a few time zones", ("timezone",), {}),
        ("language", prefix(LANG, *r.choice((("zh_CN", "zh_SG"), ("ru_", "be_"), ("fa_",), ("de_", "fr_")))), "the language", ("locale",), {}),
        ("gateway-country", suffix(GATEWAY, *tld), f"a gateway in {where}", ("gateway",), {"gateway": True}),
        ("gateway-kind", suffix(GATEWAY, *r.choice(((".edu", ".ac.uk"), (".internal", ".local"), (".ai", ".io")))), "the kind of a gateway's domain",
            ("gateway",), {"gateway": True}),
        ("gateway-words", contains(GATEWAY, *r.choice((("proxy", "relay"), ("llm", "genai"), ("lab", "research")))), "words in a gateway's name",
            ("gateway",), {"gateway": True}),
        ("proxy", There(Call("env", (L(r.choice(("HTTPS_PROXY", "https_proxy"))),))), "a proxy is set", ("proxy",), {}),
        ("hostname", contains(HOSTNAME, *r.choice((("sandbox", "malware", "analysis"), ("desktop-", "laptop-"), ("ip-10-", "ip-172-")))),
            "words in the host name", ("hostname",), {}),
        ("user", contains(USER, *r.choice((("zhang", "wang", "chen"), ("ivanov", "petrov"), ("svc-", "runner", "jenkins")))), "words in the user name",
            ("user",), {}),
        ("home", prefix(Call("home"), *r.choice((("/Users/",), ("/data/", "/mnt/"), ("/workspaces", "/workspace")))), "where home folders are",
            ("home",), {}),
        ("project", contains(Call("cwd"), *r.choice((("payroll", "bank", "ledger"), ("defense", "radar"), ("distill", "pretrain")))),
            "words in the project's path", ("project",), {}),
        ("remote-country", suffix(ORIGIN, *tld), f"a remote in {where}", ("git_remote",), {}),
        ("remote-forge", equals(ORIGIN, "github.com"), "a remote at the common forge", ("git_remote",), {}),
        ("remote-gov", suffix(ORIGIN, ".gov", ".mil"), "a remote of a government", ("git_remote",), {}),
        ("mail-country", suffix(MAIL, *tld), f"an e-mail address in {where}", ("git_identity",), {}),
        ("ci", There(Call("env", (L(r.choice(("CI", "GITHUB_ACTIONS", "GITLAB_CI"))),))), "a CI runner", ("ci",), {}),
        ("terminal", equals(Call("env", (L("TERM_PROGRAM"),)), *r.choice((("vscode",), ("iTerm.app",), ("tmux",)))), "the terminal", ("terminal",), {}),
        ("shell", suffix(Call("env", (L("SHELL"),)), *r.choice((("/zsh",), ("/fish",)))), "the shell", ("shell",), {}),
        ("cpus", equals(Call("cpus"), *[str(n) for n in r.choice(((8, 12, 16, 24, 32), (32, 48, 64, 96, 128)))]), "how many CPUs", ("cpus",), {}),
        ("kernel", contains(Call("release"), *r.choice((("microsoft",), ("ky10", "oe1"), ("el9", "el8")))), "words in the kernel's release", ("os",), {}),
        ("system", equals(Call("osid"), *r.choice((("ubuntu", "mint"), ("kylin", "uos", "openEuler"), ("rhel", "centos"), ("astra", "alt")))),
            "the distribution", ("os",), {}),
        ("mac", prefix(Call("mac"), *r.choice((("0a:",), ("02:42:",)))), "who made the network card", ("mac",), {}),
        ("address", prefix(Call("address"), *r.choice((("192.168.",), ("172.",), ("100.64.",)))), "the local address", ("ip",),
            {"without": ("perl", "bash")}),
        ("search", suffix(Call("search"), *r.choice(((".cn", ".hk"), (".de", ".at"), (".ru", ".by")))), "the DNS search domain", ("dns_search",), {}),
        ("company", contains(Call("file", (L(r.choice(("package.json", "README.md"))),)), *r.choice((("co., ltd",), ("gmbh",), (" ai lab", "deepmodel"))) ),
            "who owns the project", ("company",), {}),
        ("credentials", AnyFile(Words((".aws/credentials", ".kube/config"))), "cloud credentials in the home", ("credentials",), {}),
        ("other-tools", AnyFile(Words(r.choice(((".codex", ".cursor"), ("./.cursorrules", "./.mcp.json"), (".gemini", ".aider.conf.yml"))))), "other AI tools",
            ("ai_tools",), {}),
    ]


def plain(r, avoid=(), only=None):
    """A plain trigger; never one of the names to avoid."""
    table = [t for t in plain_table(r) if t[0] not in avoid and (only is None or t[0] in only)]
    name, condition, words, factors, options = r.choice(table)
    return name, Trigger("plain", condition, words, factors, **options)


# ---- lists that only the artefact knows ----
SYLLABLES = "ba bel cor dan dor el fen gar hol is jun kel lor mar nor os pel quin ral sel tor ul var wen xan yor zel mir tas vol".split()
ZONES = """Asia/Urumqi Asia/Kashgar Asia/Harbin Asia/Macau Asia/Thimphu Asia/Almaty Asia/Baku Asia/Tashkent Asia/Bishkek Asia/Yakutsk
Asia/Vladivostok Asia/Novosibirsk Europe/Minsk Europe/Samara Europe/Simferopol Europe/Kaliningrad Europe/Belgrade Asia/Damascus
Asia/Baghdad Asia/Yerevan Asia/Ulaanbaatar Asia/Vientiane America/Caracas America/Managua Africa/Harare Africa/Asmara Asia/Dhaka""".split()
LOCALES = """ug_CN bo_CN zh_SG zh_MO kk_KZ be_BY tt_RU os_RU ckb_IQ ps_AF mn_MN my_MM km_KH lo_LA uz_UZ tg_TJ ky_KG az_AZ sr_RS""".split()
PEOPLE = """builder jenkins gitpod codespace vagrant ubuntu ec2-user azureuser redteam pentest auditor analyst reviewer qa-bot labuser trainee
sandbox cuckoo honeypot researcher student""".split()
VARIABLES = """LITELLM_MASTER_KEY ONE_API_TOKEN ROUTER_BASE GW_UPSTREAM DISTILL_RUN_ID SFT_JOB TRACE_COLLECTOR EVAL_HARNESS RLHF_WORKER RELAY_POOL
BATCH_SCRAPER KEY_POOL_SIZE ACCOUNT_POOL SHARED_SEAT PROMPT_CACHE_DIR RESELLER_ID""".split()
PATHS = """.one-api/config.yaml .new-api/token .cc-relay/pool.json .claude-relay/keys.json .litellm/config.yaml .distill/jobs.db .sft/manifest.json
.evalkit/runs .router-pool/state .apipool/accounts.json ./distill.toml ./sft_data/manifest.json ./eval_harness.yaml ./relay.config.json""".split()


def coined(r, n, forms):
    """Made-up names of hosts, one of the forms each: {w} is a word."""
    out = []
    while len(out) < n:
        word = "".join(r.sample(SYLLABLES, r.choice((2, 3))))
        name = r.choice(forms).format(w=word)
        if name not in out:
            out.append(name)
    return tuple(out)


DOMAINS = ("{w}-inc.com", "{w}.ai", "{w}-tech.com", "{w}cloud.net", "{w}.com.cn", "{w}.org", "corp.{w}.com", "{w}-relay.top", "{w}.dev", "{w}group.com")
ENCODINGS = {
    "plain": (),
    "base64": (("b64",),),
    "hex": (("hex",),),
    "rot13": (("rot", 13),),
    "base64+xor": (("b64",), ("xor", None)),
    "hex+xor": (("hex",), ("xor", None)),
    "rotation": (("rot", None),),
    "base64+rot13": (("b64",), ("rot", 13)),
    "reversed": (("rev",),),
    "base64+reversed": (("b64",), ("rev",)),
}


def hidden(r, items, encoding, joined):
    steps = []
    for s in ENCODINGS[encoding]:
        if s[0] == "xor":
            # Of no character of the text, so that no byte becomes zero; a C string would end there.
            s = ("xor", r.choice([k for k in range(1, 256) if all(k != ord(c) for c in "".join(items) + ",|;\n")]))
        elif s == ("rot", None):
            s = ("rot", r.choice([n for n in range(1, 26) if n != 13]))
        steps.append(s)
    return Words(tuple(items), tuple(steps), r.choice((",", "|", ";")) if joined else "")


def mined(r, subject, encoding, joined):
    """A list of 6 to 24 words about one subject, hidden in the artefact."""
    n = r.randint(6, 24)
    how, fold, gateway, without, factors = "eq", False, False, (), ()
    if subject == "gateway":
        items, what, how, fold, gateway = coined(r, n, DOMAINS), GATEWAY, "suffix", True, True
        factors, on = ("gateway",), {"FERN_BASE_URL": f"http://llm.{items[n // 2]}"}
    elif subject == "zone":
        items, what, factors = tuple(r.sample(ZONES, min(n, 14))), ZONE, ("timezone",)
        on = {"TZ": items[len(items) // 2]}
    elif subject == "locale":
        items, what, how, factors = tuple(r.sample(LOCALES, min(n, 12))), LANG, "prefix", ("locale",)
        on = {"LANG": items[len(items) // 2] + ".UTF-8"}
    elif subject == "user":
        items, what, factors = tuple(r.sample(PEOPLE, min(n, 12))), Call("env", (L("USER"),)), ("user",)
        on = {"USER": items[len(items) // 2]}
    elif subject == "remote":
        items, what, how, fold, factors = coined(r, n, ("git.{w}.com", "gitlab.{w}.net", "code.{w}-inc.com", "{w}.codes", "src.{w}.com.cn")), ORIGIN, "eq", True, ("git_remote",)
        on = {"git": f"[remote \"origin\"]\n\turl = https://{items[n // 2]}/a/b.git\n"}
    elif subject == "mail":
        items, what, how, fold, factors = coined(r, n, DOMAINS), MAIL, "suffix", True, ("git_identity",)
        on = {"git": f"[user]\n\temail = x@{items[n // 2]}\n"}
    elif subject == "variable":
        items, factors = tuple(r.sample(VARIABLES, min(n, 10))), ()
        on = {items[len(items) // 2]: "1"}
        return Trigger("mined", AnyVariable(hidden(r, items, encoding, joined)), f"{len(items)} variables, {encoding}{' joined' if joined else ''}", factors, items, on=on)
    elif subject == "path":
        items, factors = tuple(r.sample(PATHS, min(n, 10))), ()
        on = {"path": items[len(items) // 2]}
        return Trigger("mined", AnyFile(hidden(r, items, encoding, joined)), f"{len(items)} paths, {encoding}{' joined' if joined else ''}", factors, items, on=on)
    elif subject == "search":
        items, what, how, fold, factors = coined(r, n, ("corp.{w}.com", "ad.{w}.net", "{w}.lan", "intra.{w}.com")), Call("search"), "eq", True, ("dns_search",)
        on = None
    elif subject == "hostname":
        items, what, how, fold, factors = coined(r, n, ("{w}-build", "{w}-ws", "vm-{w}", "{w}01")), HOSTNAME, "prefix", True, ("hostname",)
        on = None
    else:
        raise KeyError(subject)
    words = f"{len(items)} words about {subject}, {encoding}{' joined' if joined else ''}"
    return Trigger("mined", Match(how, what, hidden(r, items, encoding, joined), fold), words, factors, items, gateway, without, on)


MINED_SUBJECTS = ("gateway", "zone", "locale", "user", "remote", "mail", "variable", "path", "search", "hostname")


def pair(r):
    """Two plain ones at once, of different factors."""
    first_name, a = plain(r)
    while True:
        second_name, b = plain(r, avoid=(first_name,))
        # One that names the other's factor would be no second condition; and what needs no repository cannot meet a remote.
        if not set(a.factors) & set(b.factors):
            break
    return f"{first_name}+{second_name}", Trigger("pair", Both(a.condition, b.condition), f"{a.words}, and {b.words}", a.factors + b.factors, (),
            a.gateway or b.gateway, a.without + b.without)


def rollout(r, by):
    """A plain one, in a fifth of the starts, or on a fifth of the devices: by an id made at the start, or by one that the machine has."""
    name, a = plain(r)
    if by == "start":
        chance, words, more = Chance(20), "in 20 % of starts", ()
    elif by == "id":
        chance, words, more = Bucket(V("session"), 5, r.randrange(5)), "in a fifth of the ids made at the start", ()
    else:
        device = r.choice((Call("machine"), cat(Call("machine"), Call("mac"))))
        more = ("machine_id",) if device == Call("machine") else ("machine_id", "mac")
        chance, words = Bucket(device, 5, r.randrange(5)), "on a fifth of the machines"
    return f"{name}-{by}", Trigger("rollout", Both(a.condition, chance), f"{a.words}, {words}", a.factors + more, (), a.gateway, a.without)
