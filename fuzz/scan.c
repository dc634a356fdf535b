/* The engine of postern scan over any bytes, with small limits: it ends, findings can be shown, and the worst of them is the verdict. */
#include "inspect/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint32_t n, worst;
};

static void on_found(void *arg, const struct scan_finding *f)
{
	struct seen *s = arg;
	if (f->rule >= SCAN_RULES || !memchr(f->member, 0, sizeof(f->member)) || !memchr(f->evidence, 0, sizeof(f->evidence)))
		__builtin_trap();
	for (const char *p = f->evidence; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			__builtin_trap();
	s->n++;
	s->worst = scan_rules[f->rule].verdict > s->worst ? scan_rules[f->rule].verdict : s->worst;
}

static void on_fact(void *arg, const struct posture_fact *f)
{
	struct posture_fact copy = *f;
	(void)arg;
	/* What is sent is what would be taken. */
	if (!posture_fact_check(&copy) || !memchr(f->file, 0, sizeof(f->file)) || !memchr(f->name, 0, sizeof(f->name)) ||
	        !memchr(f->text, 0, sizeof(f->text)))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The first byte is an option, and a name. */
	static const char *const names[] = {"notes.txt", "model.pkl", "x.py", "x.js", "CLAUDE.md", ".claude/settings.json",
	        ".codex/config.toml", "skills/a/b.sh", "x.rb", "package.json", "a.dist-info/METADATA", "setup.py", "a.pth", "binding.gyp",
	        "x.sh"};
	struct scan_options o = {.deep = size && data[0] & 1,
	        .profile = true,
	        .limits = {.findings = 20, .depth = 4, .unpacked = 1 << 18, .member = 1 << 16, .steps = 20000}};
	struct seen s = {0};
	struct scan_summary sum;
	if (size == 0)
		return 0;
	if (scan_bytes_facts(slice_of(data + 1, size - 1), names[(data[0] >> 1) % ARRAY_LEN(names)], &o, on_found, on_fact, &s, &sum) < 0)
		return 0;
	if (sum.found != s.n || sum.verdict < s.worst || (s.n == 0 && sum.dropped == 0 && sum.verdict != SCAN_CLEAN))
		__builtin_trap();
	return 0;
}
