/* Sample results for the tests of the report: one like a real tool's, and its calm, broken and hostile sisters. */
#ifndef TESTS_INTEGRATION_REPORT_MODEL_H
#define TESTS_INTEGRATION_REPORT_MODEL_H

#include "inspect/posture_score.h"
#include "inspect/scan.h"
#include "vet/model.h"

#define STRINGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define EP_MESSAGES  "POST https://api.vendor.example/v1/messages"
#define EP_GATEWAY   "POST http://{gateway}/v1/messages"
#define EP_EVENTS    "POST https://api.vendor.example/api/event_logging/batch"
#define EP_METRICS   "POST https://metrics.tracker.example/api/v2/logs"
#define EP_FLAGS     "POST https://api.vendor.example/api/features/sdk-zAZezfDKGoZuXXKe"

static const char *const sample_endpoints[] = {
        EP_MESSAGES,
        EP_GATEWAY,
        EP_EVENTS,
        EP_METRICS,
        EP_FLAGS,
        "GET https://api.vendor.example/api/cli/settings",
        "GET https://api.vendor.example/mcp-registry/v0/servers?version=latest&limit=100",
        "GET https://downloads.vendor.example/releases/stable",
        "GET https://raw.codehost.example/vendor/tool/refs/heads/main/CHANGELOG.md",
        "POST https://otel.vendor.example/v1/metrics",
        "POST https://crash.reports.example/1271/envelope",
        "GET https://registry.packages.example/@x%2fy",
        "DNS",
        "TLS",
        "GET https://api.vendor.example/api/oauth/policy_limits",
};

static struct vet_factor_row sample_factors[] = {
        {"timezone", "time zone", 9, 22},
        {"locale", "locale", 6, 12},
        {"gateway", "gateway host name", 14, 28},
        {"proxy", "proxy variables", 3, 6},
        {"hostname", "host name", 4, 8},
        {"user", "user name", 3, 6},
        {"home", "home folder", 3, 6},
        {"project", "project path", 4, 8},
        {"git-remote", "git remote", 5, 10},
        {"git-identity", "git identity", 3, 6},
        {"git-state", "git work tree", 2, 4},
        {"ci", "CI variables", 4, 8},
        {"terminal", "terminal", 4, 8},
        {"shell", "shell", 3, 6},
        {"cpus", "CPU count", 2, 4},
        {"kernel", "kernel release", 2, 4},
        {"os", "operating system", 3, 6},
        {"mac", "MAC address", 2, 4},
        {"ipv4", "IP address", 2, 4},
        {"dns-search", "DNS search domain", 4, 8},
        {"company", "company names in files", 5, 10},
        {"canary", "credential files (canaries)", 3, 6},
        {"machine-id", "machine id", 2, 4},
        {"other-tools", "other tools' configuration", 4, 8},
};

static struct vet_codepoint sample_apostrophes[] = {{0x27, "APOSTROPHE", false}, {0x2BC, "MODIFIER LETTER APOSTROPHE", true}};
static struct vet_codepoint sample_slashes[] = {{0x2D, "HYPHEN-MINUS", false}, {0x2F, "SOLIDUS", true}};

#define PLAIN(c, fac, lev, ep, addr, bef, aft, at, n_b, n_a, decl, occ)                                                                 \
	{                                                                                                                               \
		.class = (c), .factor = (fac), .levels = STRINGS(lev), .base = "official,gateway", .endpoint = (ep), .address = (addr), \
		.before = (bef), .after = (aft), .before_at = (at), .before_n = (n_b), .after_at = (at), .after_n = (n_a),              \
		.explanation = "The value of the factor appears as it is.", .declared = (decl), .evidence = STRINGS("t031", "t052"),    \
		.occurrences = (occ), .p_value = 6e-6                                                                                   \
	}

static struct vet_finding sample_findings[] = {
        {.class = CLASS_COVERT,
                .factor = "timezone",
                .levels = STRINGS("Asia/Shanghai", "Asia/Urumqi"),
                .base = "gateway",
                .endpoint = EP_GATEWAY,
                .address = "body.messages[user].content[text \"<system-reminder>\"].text line \"Today's date is\"",
                .before = "As you answer the user's questions, you can use the following context: Today's date is 2026-11-23.",
                .after = "As you answer the user's questions, you can use the following context: Today's date is 2026/11/23.",
                .before_at = 91,
                .before_n = 4,
                .after_at = 91,
                .after_n = 4,
                .codepoints = sample_slashes,
                .n_codepoints = 2,
                .explanation =
                        "The separators of the date change under these time zones and under no other of the 9 that were tried. The date "
                        "itself "
                        "follows from the clock; its separators follow from no literal form and no known derivation of the zone. Held on 4 "
                        "of 4 fresh trials, and went back when the zone was turned back.",
                .evidence = STRINGS("t007", "t019", "t033", "t051", "t055", "t056", "t057", "t058"),
                .p_value = 6.1e-6},
        {.class = CLASS_COVERT,
                .factor = "gateway",
                .levels = STRINGS("proxy.laboratory.example", "ai-gw.corp.example"),
                .base = "gateway",
                .endpoint = EP_GATEWAY,
                .address = "body.messages[user].content[text \"<system-reminder>\"].text line \"Today's date is\"",
                .before = "Today's date is 2026-11-23.",
                .after = "Today\xCA\xBCs date is 2026-11-23.",
                .before_at = 5,
                .before_n = 1,
                .after_at = 5,
                .after_n = 2,
                .codepoints = sample_apostrophes,
                .n_codepoints = 2,
                .explanation = "One character of a sentence that the tool writes by itself is replaced by another that looks alike. The "
                               "levels come from "
                               "constants of the artefact (base64, one-byte XOR). Held on 4 of 4 fresh trials.",
                .evidence = STRINGS("t012", "t024", "t041", "t042", "t043", "t044"),
                .occurrences = 2,
                .also_at = STRINGS("body.messages[user].content[text].text line \"# currentDate\"", "body.system[text 2].text"),
                .p_value = 6.1e-6},
        {.class = CLASS_HASHED,
                .factor = "mac",
                .levels = STRINGS("02:42:ac:11:00:02"),
                .base = "official,gateway",
                .endpoint = EP_EVENTS,
                .address = "body.events[*].event_data.device_id",
                .before = "d2c1f1a0b5e84c0f9b0d6f5a",
                .after = "77ab09fe1c5d42238e914a1b",
                .before_at = 0,
                .before_n = 24,
                .after_at = 0,
                .after_n = 24,
                .explanation = "The first 24 hex digits of the SHA-256 of the MAC address.",
                .evidence = STRINGS("t021", "t045"),
                .p_value = 6.1e-6},
        PLAIN(CLASS_UNDECLARED, "hostname", "dev-4711", EP_EVENTS, "body.events[*].event_data.host", "{hostname}", "{hostname}", 0, 0, 0,
                NULL, 3),
        PLAIN(CLASS_UNDECLARED, "git-remote", "git@code.corp.example:team/secret.git", EP_EVENTS, "header x-turn-metadata json .git.remote",
                "{\"git\":{\"remote\":\"\"}}", "{\"git\":{\"remote\":\"git@code.corp.example:team/secret.git\"}}", 18, 0, 37, NULL, 1),
        PLAIN(CLASS_UNDECLARED, "terminal", "xterm-kitty", EP_METRICS, "body[*].ddtags", "terminal:xterm-256color", "terminal:xterm-kitty",
                9, 14, 11, NULL, 0),
        PLAIN(CLASS_UNDECLARED, "ci", "GITHUB_ACTIONS=true", EP_METRICS, "body[*].ddtags", "ci:false", "ci:true", 3, 5, 4, NULL, 0),
        PLAIN(CLASS_UNDECLARED, "ipv4", "10.77.3.9", "POST https://crash.reports.example/1271/envelope", "body line 2 .contexts.net.addr",
                "10.0.0.2", "10.77.3.9", 3, 5, 6, NULL, 0),
        PLAIN(CLASS_DISCLOSED, "project", "/srv/work/apollo", EP_MESSAGES,
                "body.messages[user].content[text].text line \"Working directory:\"", "Working directory: /home/dev/project",
                "Working directory: /srv/work/apollo", 19, 17, 16, "working directory in the prompt", 4),
        PLAIN(CLASS_DISCLOSED, "project", "/srv/work/apollo", EP_GATEWAY,
                "body.messages[user].content[text].text line \"Working directory:\"", "Working directory: /home/dev/project",
                "Working directory: /srv/work/apollo", 19, 17, 16, "working directory in the prompt", 4),
        PLAIN(CLASS_DISCLOSED, "os", "fedora 41", EP_MESSAGES, "body.system[text].text line \"OS Version:\"", "OS Version: Linux 6.1.0",
                "OS Version: Linux 6.11.4", 18, 5, 6, "operating system in the prompt", 2),
        PLAIN(CLASS_DISCLOSED, "shell", "/bin/zsh", EP_MESSAGES, "body.system[text].text line \"Shell:\"", "Shell: bash", "Shell: zsh", 7,
                4, 3, "shell in the prompt", 1),
        PLAIN(CLASS_DISCLOSED, "git-state", "dirty", EP_MESSAGES, "body.system[text].text line \"Status:\"", "Status: (clean)",
                "Status: M README.md", 8, 7, 11, "git status in the prompt", 0),
        PLAIN(CLASS_DISCLOSED, "kernel", "6.11.4-301.fc41", EP_EVENTS, "body.events[*].event_data.env.linux_kernel", "6.1.0-28-amd64",
                "6.11.4-301.fc41", 2, 12, 13, "platform fields in telemetry", 6),
        PLAIN(CLASS_DISCLOSED, "home", "/home/zoe.lindqvist", EP_MESSAGES, "body.system[text].text line \"memory directory\"",
                "/home/dev/.tool", "/home/zoe.lindqvist/.tool", 6, 3, 13, "paths in the prompt", 2),
};

static struct vet_closure sample_closures[] = {
        {.state = CLOSURE_CLOSED, .finding = &sample_findings[0], .factor = "timezone", .class = CLASS_COVERT, .runs = 6},
        {.state = CLOSURE_OPEN,
                .finding = &sample_findings[1],
                .factor = "gateway",
                .class = CLASS_COVERT,
                .runs = 3,
                .channel_class = CLASS_COVERT,
                .endpoint = EP_GATEWAY,
                .address = "body.system line \"You are <b>\"",
                .before = "small\xe2\x80\x8b",
                .after = "modest"},
        {.state = CLOSURE_UNTESTED, .finding = &sample_findings[1], .factor = "gateway", .class = CLASS_COVERT},
        {.state = CLOSURE_NEW,
                .factor = "mac",
                .class = CLASS_HASHED,
                .channel_class = CLASS_HASHED,
                .endpoint = EP_EVENTS,
                .address = "body.id",
                .before = "1",
                .after = "2"},
};

static struct vet_host sample_hosts[] = {
        {"api.vendor.example", true, "model API, settings, feature flags", 412, 18654321, 58, false,
                "t13d1714h2_5b57614c22b0_3d5424432f57"},
        {"{gateway}", true, "the gateway that the person set", 214, 9654321, 29, false, NULL},
        {"otel.vendor.example", true, "metrics", 58, 8123456, 58, false, NULL},
        {"downloads.vendor.example", true, "updates", 58, 20112, 58, false, NULL},
        {"raw.codehost.example", true, "change log", 58, 18212, 58, false, NULL},
        {"registry.packages.example", true, "update check", 29, 9911, 29, false, NULL},
        {"metrics.tracker.example", false, NULL, 116, 254321, 58, false, NULL},
        {"crash.reports.example", false, NULL, 3, 4312, 3, false, NULL},
        {"pinned.vendor.example", false, NULL, 58, 30012, 58, true, "t13d1516h2_8daaf6152771_02713d6af862"},
        {"169.254.169.254", false, NULL, 58, 0, 58, false, NULL},
        {"statsig.flags.example", false, NULL, 58, 64112, 58, false, NULL},
        {"mcp-registry.vendor.example", true, "list of MCP servers", 58, 6112, 58, false, NULL},
};

static struct vet_cell sample_cells[] = {
        {0, 1, CLASS_COVERT},
        {2, 1, CLASS_COVERT},
        {17, 2, CLASS_HASHED},
        {4, 2, CLASS_UNDECLARED},
        {8, 2, CLASS_UNDECLARED},
        {12, 3, CLASS_UNDECLARED},
        {11, 3, CLASS_UNDECLARED},
        {18, 10, CLASS_UNDECLARED},
        {7, 0, CLASS_DISCLOSED},
        {7, 1, CLASS_DISCLOSED},
        {16, 0, CLASS_DISCLOSED},
        {16, 2, CLASS_DISCLOSED},
        {13, 0, CLASS_DISCLOSED},
        {10, 0, CLASS_DISCLOSED},
        {15, 2, CLASS_DISCLOSED},
        {6, 0, CLASS_DISCLOSED},
        {16, 9, CLASS_DISCLOSED},
        {16, 1, CLASS_DISCLOSED},
        {13, 1, CLASS_DISCLOSED},
        {6, 1, CLASS_DISCLOSED},
};

static struct vet_trial_row sample_rows[58];
static char sample_ids[58][8];

static const char *const sample_conduct_examples[] = {
        "~/.ssh/id_ed25519 (2 times)", "~/<script>alert(1)</script>\033[2J \xE2\x80\xAE", NULL};
static const char *const sample_conduct_trials[] = {"c01", "c02", NULL};
static struct vet_conduct sample_conduct[] = {
        {.id = "0.programs",
                .title = "programs run",
                .state = OBSERVED,
                .text = "It ran 3 programs.",
                .count = 3,
                .examples = sample_conduct_examples},
        {.id = "5.sensitive-files",
                .question = 5,
                .title = "credentials and private files opened",
                .state = OBSERVED,
                .concern = true,
                .text = "Credentials were opened.",
                .count = 18446744073709551615u,
                .examples = sample_conduct_examples,
                .evidence = sample_conduct_trials},
        {.id = "10.opt-out",
                .question = 10,
                .title = "effect of the opt-outs",
                .about = "telemetry \"<b>\xFF",
                .state = NOT_OBSERVABLE,
                .text = "The profile does not say how it is set."},
        {.id = "40.left-running",
                .question = 40,
                .title = "processes left running",
                .state = NOT_OBSERVED,
                .text = "Nothing was there.",
                .evidence = sample_conduct_trials},
};
static struct vet_trial_row sample_conduct_rows[] = {
        {.id = "c01", .base = "official", .varied = "as usual, with planted secrets", .end = "exit 0", .wall_s = 2.5, .messages = 12},
        {.id = "c02", .base = "official", .varied = "opt-out: <i>", .end = "stopped at the time limit", .wall_s = 8, .messages = 0},
};

static const char *const sample_not_covered[] = {
        "Factors were varied one at a time; a channel that needs two of them changed together is found only if both were changed in one of "
        "the two bases.",
        "A channel that a server switches on, or that opens on another date, shows only if the world or the clock of a trial happened to "
        "open it.",
        "Timing and packet sizes were recorded and not tested.",
        "pinned.vendor.example refused the trial's authority: of what goes there only name, size and fingerprint are known.",
};
static const char *const sample_notes[] = {
        "The package declares an install script (node install.cjs). Postern did not run it.",
        "2 processes were still running when the tool had ended.",
};

static const char *const sample_members[] = {"quarrybank.example.com", "tern-hollow.net", "<b>lanternfish</b>.org", "westmarch.co.uk"};
static struct vet_constant_list sample_lists[] = {
        {1, true, "node_modules/fern/cli.js", 4994419, 2686, "base64, then XOR 0x33", "host", "host names and domain suffixes", sample_members, 4, 147, 1,
                "node_modules/fern/cli.js", 9000001, false},
        {2, false, "node_modules/fern/cli.js", 4993998, 43, "plain", "zone", "time zones", sample_members, 2, 2, 0, NULL, 0, false},
};
static struct vet_constant_count sample_counts[] = {{"host", "host names and domain suffixes", 193}, {"zone", "time zones", 2}};
static struct vet_mined_level sample_levels[] = {{"gateway", "gw-5t7.tern-hollow.net", 1, 0, 2, 1}, {"gateway,timezone", "both", 1, 2, 2, 0}};
static const char *const sample_level_names[] = {"gw-5t7.tern-hollow.net", "quarrybank.example.com", NULL};
static struct vet_behaviour sample_behaviours[] = {
        {1, "list 1", "gateway host name", sample_level_names, EP_GATEWAY, "body.messages[user].content[text].text", "Today's date is 2026-11-23.",
                "Today\xe2\x80\x99s date is 2026-11-23.", 5, 1, 5, 3, 3, sample_level_names},
};
#define SAMPLE_CONSTANTS \
	{.looked = true, .files = 28, .bytes = 60183041, .constants = 503485, .texts = 62, .seconds = 1.2, .lists = sample_lists, .n_lists = 2, \
	        .n_hidden = 1, .counts = sample_counts, .n_counts = 2, .levels = sample_levels, .n_levels = 2, .behaviours = sample_behaviours, \
	        .n_behaviours = 1}

/* What the scan of the files found. */
static struct scan_finding sample_suspicious = {.rule = SCAN_RULE_CODE_SILENT,
        .line = 3,
        .column = 7,
        .at = 88,
        .n = 14,
        .evidence = "spawn(a[0], a, {detached: true})"};
static struct scan_finding sample_unknown = {.rule = SCAN_RULE_UNKNOWN, .n = 60180000};
static struct scan_file sample_files[] = {
        {.path = "node_modules/@x/y/bin/y",
                .sum = {.verdict = SCAN_UNSCANNED, .size = 60180000, .uncovered = 60180000, .found = 1},
                .finding = &sample_unknown,
                .kept = 1},
        {.path = "node_modules/@x/y/package.json", .sum = {.looked = SCAN_TEXT | SCAN_CODE, .size = 400}},
        {.path = "node_modules/@x/y/install.js",
                .sum = {.verdict = SCAN_SUSPICIOUS, .looked = SCAN_TEXT | SCAN_CODE, .size = 2200, .found = 1},
                .finding = &sample_suspicious,
                .kept = 1},
};
static const struct posture_use sample_uses[] = {
        {POSTURE_NETWORK, 2, 3, "https", "", "install.js", 0},
        {POSTURE_PROCESS, 3, 1, "child_process", "", "install.js", 0},
        {POSTURE_VARIABLES, 9, 1, "*", "", "cli.js", 0},
        {POSTURE_INSTALL, 1, 1, "postinstall", "node install.js", "package.json", 1u << POSTURE_NETWORK | 1u << POSTURE_PROCESS},
        {POSTURE_HOSTS, 4, 1, "cdn.tracker.example", "", "install.js", 0},
        {POSTURE_DEPENDENCY, 0, 1, "left-pad", "^1.0.0", "package.json", 0},
};
static const struct posture_reason sample_reasons[] = {
        {POSTURE_REASON_INSTALL_NETWORK, 25, 1, "postinstall: node install.js (package.json:1)"},
        {POSTURE_REASON_NO_SOURCE, 5, 1, ""},
};
static const struct posture_score sample_score = {.points = 30, .reason = sample_reasons, .n = 2};
static const struct posture sample_package = {.path = "node_modules/@x/y",
        .form = POSTURE_NPM,
        .name = "@x/y",
        .version = "1.2.3",
        .licence = "MIT",
        .repository = "",
        .use = sample_uses,
        .n = 6,
        .score = &sample_score,
        .files = 3,
        .bytes = 60182600};
static const struct scan_result sample_scan = {.file = sample_files,
        .n = 3,
        .version = "0.1.0",
        .root = "",
        .folder = "",
        .subjects = SCAN_ALL & ~SCAN_CHANGES,
        .package = &sample_package,
        .packages = 1};
static const struct scan_result sample_scan_clean = {
        .file = sample_files + 1, .n = 1, .version = "0.1.0", .root = "", .folder = "", .subjects = SCAN_ALL & ~SCAN_CHANGES};

static inline struct vet_result sample_result(void)
{
	for (unsigned i = 0; i < 58; i++) {
		sample_ids[i][0] = 't';
		sample_ids[i][1] = '0';
		sample_ids[i][2] = (char)('0' + (i + 1) / 10);
		sample_ids[i][3] = (char)('0' + (i + 1) % 10);
		sample_rows[i] = (struct vet_trial_row){.id = sample_ids[i],
		        .base = i % 2 ? "gateway" : "official",
		        .varied = i % 3 ? "timezone=Asia/Shanghai" : "baseline",
		        .end = i == 40 ? "timeout" : "exit 0",
		        .wall_s = 2.1 + i * .01,
		        .tool_cpu_s = 1.9,
		        .own_cpu_s = .12,
		        .messages = 21};
	}
	return (struct vet_result){
	        .postern = "0.1.0",
	        .subject_name = "@x/y",
	        .subject_version = "1.2.3",
	        .subject_title = "Vendor Code",
	        .subject_sha256 = "3f6bb7e9b2d94bb1f14e1a9dc7a1a6e85f3b1a2c9d2f9f0f4b8fd0a4f1f6c7d2",
	        .subject_entry = "node_modules/@x/y/cli.js",
	        .profile = "vendor-code",
	        .started = "2026-11-23T10:04:05Z",
	        .verdict = VERDICT_FINDINGS,
	        .trials = 58,
	        .trials_failed = 1,
	        .seconds = 121.4,
	        .tool_cpu_s = 110.2,
	        .own_cpu_s = 7.3,
	        .own_rss_kb = 61234,
	        .seed = 18446744073709551615u,
	        .effort = "quick",
	        .confinement = "user,mount,pid,net,uts,ipc,cgroup ns; seccomp; rlimits",
	        .findings = sample_findings,
	        .n_findings = sizeof(sample_findings) / sizeof(sample_findings[0]),
	        .hosts = sample_hosts,
	        .n_hosts = sizeof(sample_hosts) / sizeof(sample_hosts[0]),
	        .factors = sample_factors,
	        .n_factors = sizeof(sample_factors) / sizeof(sample_factors[0]),
	        .endpoints = sample_endpoints,
	        .n_endpoints = sizeof(sample_endpoints) / sizeof(sample_endpoints[0]),
	        .cells = sample_cells,
	        .n_cells = sizeof(sample_cells) / sizeof(sample_cells[0]),
	        .rows = sample_rows,
	        .n_rows = 58,
	        .not_covered = sample_not_covered,
	        .n_not_covered = 4,
	        .gate = {.tried = true,
	                .verdict = VERDICT_FINDINGS,
	                .trials = 31,
	                .seconds = 48.5,
	                .note = "What the kernel says <i>of itself</i> was not varied.",
	                .closures = sample_closures,
	                .n_closures = sizeof(sample_closures) / sizeof(sample_closures[0])},
	        .noise = {.chosen = true,
	                .fixed = 57,
	                .free = 1,
	                .streams = 20,
	                .paired = 30,
	                .draws = 1234,
	                .speed = 1000,
	                .moved = 2,
	                .randomness = "chosen in 57 of 58 trials",
	                .calendar = "chosen in 2 trials"},
	        .notes = sample_notes,
	        .n_notes = 2,
	        .conduct = sample_conduct,
	        .n_conduct = sizeof(sample_conduct) / sizeof(sample_conduct[0]),
	        .conduct_trials = sample_conduct_rows,
	        .n_conduct_trials = 2,
	        .constants = SAMPLE_CONSTANTS,
	        .content = {.scan = &sample_scan, .seconds = 3.5},
	};
}

/* Nothing worse than disclosed. */
static inline struct vet_result sample_clean(void)
{
	struct vet_result r = sample_result();
	r.verdict = VERDICT_CLEAN;
	r.findings += 8;
	r.n_findings -= 8;
	r.cells += 8;
	r.n_cells -= 8;
	r.trials_failed = 0;
	r.content.scan = &sample_scan_clean;
	r.constants = (struct vet_constants){.looked = true, .files = 3, .bytes = 4096, .constants = 17};
	return r;
}

/* The tool never got to work: nothing else is there either. */
static inline struct vet_result sample_inconclusive(void)
{
	struct vet_result r = sample_result();
	r.verdict = VERDICT_INCONCLUSIVE;
	r.reason = "the tool asks for an account before its first request";
	r.n_findings = r.n_cells = r.n_hosts = r.n_endpoints = 0;
	r.trials = r.trials_failed = 14;
	r.n_rows = 14;
	r.content = (struct vet_content){.note = "The artefact's files were not scanned."};
	r.constants = (struct vet_constants){.looked = true, .files = 3, .bytes = 4096, .constants = 17};
	return r;
}

static inline struct vet_result sample_partial(void)
{
	struct vet_result r = sample_result();
	r.partial = true;
	r.reason = "interrupted after 31 of 58 trials";
	r.n_rows = r.trials = 31;
	return r;
}

#define EVIL                                                                               \
	"</script><img src=x onerror=alert(1)>\"'&\x1b]0;owned\x07\x1b[2J\x7f\xe2\x80\xae" \
	"gnp.exe\xe2\x80\x8b\xf3\xa0\x81\x81\xff\r\n\t\xc2\x9b"                            \
	"31m"

/* Every string comes from an enemy. */
static inline struct vet_result sample_hostile(void)
{
	static struct vet_codepoint cp[] = {
	        {0x200B, EVIL, false}, {0x202E, EVIL, true}, {0, EVIL, true}, {0xD800, EVIL, true}, {0xE0041, EVIL, true}};
	static struct vet_factor_row factors[] = {{EVIL, EVIL, 1, 1}};
	static char lengthy[20001];
	static const char *const evils[] = {EVIL, EVIL, NULL};
	static struct vet_finding f[5];
	static struct vet_host hosts[] = {{EVIL, false, EVIL, 1, 1, 1, false, EVIL}, {EVIL, true, EVIL, 1, ~0ull, 1, true, EVIL},
	        {lengthy, true, lengthy, 1, 1, 1, false, NULL}};
	static struct vet_trial_row rows[] = {{EVIL, EVIL, EVIL, EVIL, 1e300, -1, 0. / 1, 0}};
	static struct vet_cell cells[] = {{0, 0, CLASS_COVERT}, {9, 9, CLASS_COVERT}, {0, 1, CLASS_DISCLOSED}};
	memset(lengthy, 'A', sizeof(lengthy) - 1);
	for (int i = 0; i < 5; i++)
		f[i] = (struct vet_finding){.class = i < 4 ? (enum leak_class)(CLASS_COVERT - i) : CLASS_COVERT,
		        .factor = EVIL,
		        .levels = evils,
		        .base = EVIL,
		        .endpoint = i == 1 ? lengthy : EVIL,
		        .address = i == 1 ? lengthy : EVIL,
		        .before = i == 1 ? lengthy : EVIL,
		        .after = EVIL,
		        .before_at = 39,
		        .before_n = 9,
		        .after_at = 56,
		        .after_n = 100000,
		        .codepoints = cp,
		        .n_codepoints = 5,
		        .explanation = EVIL,
		        .declared = EVIL,
		        .evidence = evils,
		        .occurrences = 7,
		        .also_at = evils,
		        .p_value = 1e-9};
	f[4].before = f[4].after = f[4].explanation = f[4].address = NULL;
	f[4].levels = f[4].evidence = NULL;
	struct vet_result r = sample_result();
	r.subject_name = r.subject_version = r.subject_sha256 = r.subject_title = r.subject_entry = r.profile = r.started = r.reason = EVIL;
	r.effort = r.confinement = EVIL;
	r.partial = true;
	r.findings = f;
	r.n_findings = 5;
	r.hosts = hosts;
	r.n_hosts = 3;
	r.factors = factors;
	r.n_factors = 1;
	static const char *const two[] = {EVIL, lengthy};
	r.endpoints = two;
	r.n_endpoints = 2;
	r.cells = cells;
	r.n_cells = 3;
	r.rows = rows;
	r.n_rows = 1;
	static struct vet_constant_list evil_list;
	static struct vet_behaviour evil_behaviour;
	evil_list = (struct vet_constant_list){1, true, EVIL, 1, 2, EVIL, "host", EVIL, two, 2, 2, 1, EVIL, 3, false};
	evil_behaviour = (struct vet_behaviour){1, EVIL, EVIL, evils, EVIL, EVIL, EVIL, NULL, 900, 9, 0, 0, 1, evils};
	r.constants.lists = &evil_list;
	r.constants.n_lists = r.constants.n_hidden = 1;
	r.constants.behaviours = &evil_behaviour;
	r.constants.note = EVIL;
	static struct scan_finding evil_finding = {.rule = SCAN_RULE_CODE_DECODED, .line = 1, .column = 1, .member = EVIL, .evidence = EVIL};
	static struct scan_file evil_file;
	static struct posture_use evil_uses[] = {{POSTURE_INSTALL, 1, 9, EVIL, EVIL, EVIL, ~0u >> 23}, {POSTURE_HOSTS, 1, 9, EVIL, EVIL, EVIL, 0}};
	static struct posture_part evil_part = {EVIL, EVIL, EVIL, EVIL, POSTURE_NPM};
	static struct posture_reason evil_reason = {POSTURE_REASON_BAD, 100, 1, EVIL};
	static struct posture_score evil_score = {.points = 100, .reason = &evil_reason, .n = 1};
	static struct posture evil_package;
	static struct scan_result evil_scan;
	evil_file = (struct scan_file){
	        .path = EVIL, .sum = {.verdict = SCAN_BAD, .found = 1, .form = "<b>"}, .finding = &evil_finding, .kept = 1};
	evil_package = (struct posture){.path = EVIL,
	        .form = POSTURE_NPM,
	        .name = EVIL,
	        .version = EVIL,
	        .licence = EVIL,
	        .repository = lengthy,
	        .use = evil_uses,
	        .n = 2,
	        .part = &evil_part,
	        .parts = 1,
	        .score = &evil_score};
	evil_scan = sample_scan;
	evil_scan.file = &evil_file;
	evil_scan.n = 1;
	evil_scan.package = &evil_package;
	r.content = (struct vet_content){.scan = &evil_scan, .note = EVIL};
	r.not_covered = r.notes = two;
	r.n_not_covered = r.n_notes = 2;
	return r;
}

#endif
