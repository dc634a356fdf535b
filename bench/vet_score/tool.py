"""The small AI coding tool that all specimens are: it asks a model one question and reports its use. Names, texts, headers and the honest
noise differ from one to the next."""
from ir import Call, Cat, Chance, Dns, Flag, Get, L, Leave, Let, Pick, Post, Program, Say, Sleep, Together, V, When, cat

SYSTEMS = (
    "You are {T}, a coding assistant that works in a terminal.\\nRead files before you change them, and keep changes small.\\n- Use well-known tools.\\n- Don't print secrets; don't guess.\\nSay what you did: one short line. Then stop.",
    "You're {T}, an engineer's helper in the shell.\\nIt's the person's project: change only what they ask for.\\n- Read before writing.\\n- Keep answers short.\\nNever run a command that isn't needed. Use src/ and tests/ as they are.",
    "{T} helps with code. Today's work is in one project; the files are the person's.\\n- Prefer small, tested changes.\\n- Don't touch what's generated.\\n- Ask if a step can't be undone.\\nGive short reasons: the person reads them. End with \\\"done\\\".",
)
TOOLS = (("outline", "List the symbols of the file."), ("history", "Show the last commits of the project."), ("lint", "Check the style of the files."),
         ("find", "Look for a word in the project."), ("patch", "Apply a change to the file."))
QUESTION = "What does this project do?"


class Model:
    def __init__(self, r, runtime, name, domain):
        self.runtime, self.name, self.domain, self.r = runtime, name, domain, r
        self.dialect = r.choice(("anthropic", "openai-chat"))
        title = name.capitalize()
        self.system = [r.choice(SYSTEMS).replace("{T}", title)]
        self.context = []
        self.tools = r.sample(TOOLS, r.choice((2, 3, 4)))
        self.tools_first = None
        self.tools_more = L("")
        self.model = L(f"{name}-{r.choice(('large', 'pro', 'code'))}-{r.randint(1, 4)}")
        self.max_tokens = r.choice(("1024", "2048", "4096", "8192"))
        self.temperature = r.choice(("0.2", "0.3", "0.7"))
        self.knobs = L(f'"max_tokens":{self.max_tokens},"temperature":{self.temperature}')
        self.more_keys = []
        self.version = f"{r.randint(0, 4)}.{r.randint(0, 20)}.{r.randint(0, 9)}"
        self.agent = L(f"{name}-cli/{self.version}")
        key = Call("env", (L("FERN_API_KEY"),))
        self.headers = [L("Content-Type: application/json"), V("agent"), cat("Authorization: Bearer ", key) if self.dialect == "openai-chat" else cat("X-Api-Key: ", key)]
        if self.dialect == "anthropic":
            self.headers.append(L("Anthropic-Version: 2023-06-01"))
        self.headers.append(L(f"X-{title}-Client: cli"))
        self.tls = self.tls_plain = ()
        self.lets, self.id_twists = [], {}
        self.before_ask, self.after_ask, self.after_report, self.report_fields = [], [], [], []
        self.metrics_host, self.metrics_path = L(f"https://metrics.{domain}"), L("/v1/events")
        self.pieces = ()
        self.split_report = None
        self.need_system = False
        self.parallel = False
        self.hosts = ["metrics." + domain]
        self.fields = []  # factors that the vendor declares, for the profile

    @staticmethod
    def tool_json(t):
        return f'{{"name":"{t[0]}","description":"{t[1]}","input_schema":{{"type":"object","properties":{{}}}}}}'

    def agent_line(self):
        return V("agent")

    @property
    def metrics_url(self):
        return cat(self.metrics_host, self.metrics_path)

    def metrics_headers(self):
        return (L("Content-Type: application/json"), self.agent_line())

    def id(self, name):
        return self.id_twists.get(name, V(name))

    def tools_json(self):
        first = self.tools_first or L(self.tool_json(self.tools[0]) + "," + self.tool_json(self.tools[1]))
        rest = "".join("," + self.tool_json(t) for t in self.tools[2:])
        whole = cat("[", first, rest, self.tools_more, "]")
        if self.dialect == "openai-chat":
            # The same tools, as that dialect has them: each inside a function.
            def wrap(e):
                return L(e.text.replace('{"name"', '{"type":"function","function":{"name"').replace(',"input_schema"', ',"parameters"').replace('"properties":{}}}', '"properties":{}}}}'))
            def walk(e):
                return wrap(e) if isinstance(e, L) else Pick(e.flag, walk(e.yes), walk(e.no)) if isinstance(e, Pick) else Cat(tuple(walk(p) for p in e.parts)) if isinstance(e, Cat) else e
            return walk(whole)
        return whole

    def body(self):
        context = cat(*self.context)
        ask = [f'{{"type":"text","text":"', context, '"},'] if self.context else []
        metadata = cat('{"session_id":"', self.id("session"), '","trace":"', self.id("trace"), '"}')
        if self.dialect == "anthropic":
            messages = cat('"system":"', V("system"), '","messages":[{"role":"user","content":[', *ask, '{"type":"text","text":"', V("asked"), '"}]}]')
        else:
            messages = cat('"messages":[{"role":"system","content":"', V("system"), '"},{"role":"user","content":"', *(self.context + ["\\n"] if self.context else []),
                           V("asked"), '"}]')
        return cat('{"model":"', self.model, '",', self.knobs, ",", messages, ',"tools":', self.tools_json(), ',"metadata":', metadata, *self.more_keys, "}")

    def events(self, name):
        fields = cat(*[cat(f',"{k}":', v) for k, v in self.report_fields])
        return cat(f'{{"app":"{self.name}-cli","version":"{self.version}","session":"', self.id("session"), f'","event":{{"name":"{name}","ok":true', fields, "}}")

    def program(self, flags, code=0, flag=None):
        """flags: the statements that set the trigger's flag. code: of the end if the flag is set, for what looks at the trigger alone."""
        p = [Let("base", Pick("given", Call("env", (L("FERN_BASE_URL"),)), L(f"https://api.{self.domain}"))), Let("session", Call("uuid")),
             Let("request", Call("digits", (32,))), Let("trace", Call("digits", (32,))), Let("asked", Call("quote", (Call("question"),)))]
        from ir import There
        p.insert(0, Flag("given", There(Call("env", (L("FERN_BASE_URL"),)))))
        p += flags + [Let("agent", cat("User-Agent: ", self.agent))] + self.lets + [Let("system", cat(*self.system)), Let("body", self.body())]
        path = "/v1/messages" if self.dialect == "anthropic" else "/v1/chat/completions"
        headers = tuple(self.headers) + (cat("X-Request-Id: ", self.id("request")),)
        ask = [Post(cat(V("base"), path), headers, V("body"), self.tls, self.pieces)]
        report = [Post(self.metrics_url, self.metrics_headers(), self.events("session_end"), self.tls)]
        if self.split_report:
            two = (Post(self.metrics_url, self.metrics_headers(), self.events("session_start"), self.tls), report[0])
            one = (Post(self.metrics_url, self.metrics_headers(), cat("[", self.events("session_start"), ",", self.events("session_end"), "]"), self.tls),)
            report = [When(self.split_report, one, two)]
        p += self.before_ask
        p += [Together(tuple(ask), tuple(report))] if self.parallel else ask + self.after_ask + report
        p += self.after_report + [Say(L("done"))]
        if code:
            p.append(Leave(flag, code))
        return Program(p)

    def profile(self):
        lines = [f"name: {self.name}-cli", f'title: "{self.name.capitalize()}, a specimen"', "publisher: Postern", "packages: []", f"dialect: {self.dialect}",
                 f"model_hosts: [api.{self.domain}]", f'prompt: "{QUESTION}"', 'argv: ["{prompt}"]', "env:", '  FERN_API_KEY: "fern-{key}"', "env_gateway:",
                 '  FERN_BASE_URL: "{base_url}"', 'base_url: "http://{host}"', "seconds: 20", "declares:"]
        for host, purpose in [(f"api.{self.domain}", "model API"), ("{gateway}", "model API")] + [(h, "service") for h in self.hosts]:
            lines.append(f'  - {{host: "{host}", purpose: {purpose}, source: the specimen itself}}')
        if self.fields:
            lines.append("fields:")
            lines += [f'  - {{factor: {f}, host: "*", source: the specimen itself}}' for f in self.fields]
        return "\n".join(lines) + "\n"
