#!/usr/bin/python3
"""Writes src/inspect/mine_table.h: how often characters follow each other in names and words, names of time zones, suffixes of host names,
languages, company names. Not needed for a build.
        tools/minetables.py PUBLIC_SUFFIX_LIST TZDATA_ZI ISO_3166_JSON WORDS...
WORDS are texts: English prose, and lists of names (of packages, say) with one name a line in files called *.names."""
import collections
import json
import math
import re
import sys

suffixes, zones, countries, words = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
N = 32

# Initials and finals of Pinyin: names of firms and places in it are not like English.
INITIALS = "b p m f d t n l g k h j q x zh ch sh r z c s y w".split()
FINALS = "a ai an ang ao e ei en eng i ia ian iang iao ie in ing iu o ong ou u ua uai uan uang ue ui un uo".split()


def symbol(c):
    if "a" <= c <= "z":
        return ord(c) - 97
    if c.isdigit():
        return 26
    return {"-": 27, "_": 27, ".": 28, "/": 29}.get(c, 30 if c in ",;| \n\0" else 31)


SIZE = [1] * 26 + [10, 2, 1, 1, 6, 24]

pairs = [[0.0] * N for _ in range(N)]


def learn(text, weight):
    before = 30
    for c in text.lower():
        s = symbol(c)
        pairs[before][s] += weight
        before = s


def shares(texts):
    """Every corpus counts alike, however large it is."""
    global pairs
    total = [[0.0] * N for _ in range(N)]
    for text, share in texts:
        pairs = [[0.0] * N for _ in range(N)]
        learn(text, 1)
        n = sum(map(sum, pairs)) or 1
        for a in range(N):
            for b in range(N):
                total[a][b] += share * pairs[a][b] / n
    pairs = total


hosts = [line.strip().lstrip("*.!") for line in open(suffixes, encoding="utf-8") if line.strip() and not line.startswith("//")]
hosts = [h for h in hosts if h.isascii()]
prose = "".join(re.sub(r"\s+", " ", open(w, encoding="utf-8", errors="ignore").read()) for w in words if not w.endswith(".names"))
names = ",".join(line.strip() for w in words if w.endswith(".names") for line in open(w, encoding="utf-8", errors="ignore"))
pinyin = ",".join(a + b + c + d for i, a in enumerate(INITIALS) for b in FINALS for c, d in [(INITIALS[(i * 7 + len(b)) % 23], FINALS[(i * 5) % 30])])
zone_names = sorted({f[1] if f[0] == "Z" else f[2] for f in (line.split() for line in open(zones, encoding="ascii")) if f and f[0] in "ZL"})
zone_names = [z for z in zone_names if "/" in z and not z.startswith("Etc/")]
shares([(prose, 4), (names, 3), (",".join(h for h in hosts), 3), (pinyin, 1.5), (",".join(zone_names), 0.5)])

codes = sorted(c["alpha_2"].lower() for c in json.load(open(countries, encoding="utf-8"))["3166-1"])
generic = """academy agency ai app asia aws bank biz blog build business capital cash cat center chat city click cloud club codes coffee com
company computer consulting cool coop cyou dev digital domains edu education email energy engineering enterprises events exchange expert
finance fun fund games global google gov group guru health help host hosting house inc industries info ink institute int internal jobs lab
land life link live llc local london loan lol ltd market media mil mobi moe money monster museum name net network news ninja one onl online
onion org page partners photos plus post press pro rest run sbs school science security services shop site social software solutions space
store stream studio systems team tech technology tel tips today tokyo tools top trade travel university uno ventures video vip wang watch
website wiki win work works world wtf xin xyz zone
corp lan intra intranet home example test invalid localhost arpa""".split()
known = sorted(set(codes) | set(generic) | {"eu", "su", "uk"})
languages = """aa af am ar as az be bg bn bo br bs ca cs cy da de dz el en eo es et eu fa fi fo fr ga gd gl gu ha he hi hr hu hy id ig is it
ja ka kk km kn ko ku ky lb lo lt lv mg mi mk ml mn mr ms mt my nb ne nl nn no om or pa pl ps pt qu ro ru rw sd se si sk sl so sq sr sv sw ta
te tg th ti tk tl tr tt ug uk ur uz vi wo xh yi yo zh zu""".split()
# Firms and products of the trade, of every country, by which a list of names is recognised when it stands there openly.
companies = """accenture adobe airbus aleph-alpha alibaba alicloud aliyun alphabet amazon ant-group anthropic apple aws azure
baidu bedrock bing bloomberg boeing bosch broadcom bytedance cerebras chatgpt cisco claude cloudflare codex cohere copilot cursor
databricks deepl deepmind deepseek dell doubao ebay ericsson facebook fireworks fujitsu gemini github gitlab glm google grok groq
hitachi huawei huggingface hunyuan ibm iflytek intel jpmorgan kaspersky kimi kuaishou lenovo lg linkedin llama lockheed luma meituan meta
microsoft midjourney minimax mistral moonshot naver nebius netease netflix nokia novita nvidia ollama openai opencode openrouter oppo oracle
palantir panasonic paypal perplexity qualcomm qwen raytheon replicate replit salesforce samsung sap sber sberbank sensetime shopify siemens
siliconflow slack snowflake softbank sony spacex spotify stability stripe tencent tesla thales tiktok together toyota twitter uber
vertex vmware volcengine walmart wechat windsurf xai xiaomi yandex zai zhipu zoom zte""".split()

with open("src/inspect/mine_table.h", "w", encoding="ascii") as out:
    out.write("/* Made by tools/minetables.py; time zones from the tz database (public domain), suffixes in part from ISO 3166-1. Sorted. */\n")
    out.write("/* [character before][character]: 16 times log2 of 256 times its probability there; see mine_judge.c. */\n")
    out.write("static const int16_t pair_table[32][32] = {\n")
    for a in range(N):
        n = sum(pairs[a]) or 1
        row = []
        for b in range(N):
            p = (0.85 * pairs[a][b] / n + 0.15 * SIZE[b] / sum(SIZE)) / SIZE[b]
            row.append(max(-127, min(127, round(16 * math.log2(256 * p)))))
        out.write("\t{" + ", ".join(map(str, row)) + "},\n")
    out.write("};\n")
    for name, values in (("zone", zone_names), ("suffix", known), ("country", codes), ("language", languages), ("company", sorted(set(companies)))):
        out.write("static const char *const %s_table[] = {\n" % name)
        line = "\t"
        for v in values:
            if len(line) + len(v) + 4 > 138:
                out.write(line.rstrip() + "\n")
                line = "\t"
            line += '"%s", ' % v
        out.write(line.rstrip() + "\n};\n")
