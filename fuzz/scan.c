/* The engine of postern scan over any bytes, with small limits: it ends, findings can be shown, and the worst of them is the verdict. */
#include "inspect/scan.h"
#include "sys/lib_unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint32_t n, worst, edges;
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

static void on_runs(void *arg, const struct scan_edge *e)
{
	struct seen *s = arg;
	if (e->how >= SCAN_HOWS || e->line == 0 || !e->target[0] || !memchr(e->target, 0, sizeof(e->target)) ||
	        !memchr(e->evidence, 0, sizeof(e->evidence)) || ++s->edges > SCAN_EDGES_MAX)
		__builtin_trap();
	for (const char *p = e->target; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			__builtin_trap();
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
	        ".codex/config.toml", "skills/a/b.sh", "x.rb", "package.json", "x.go", "x.c", "A.java", "requirements.txt",
	        "pyproject.toml", "Cargo.toml", "go.mod", "package-lock.json", ".github/workflows/a.yml", ".npmrc", "Makefile", ".envrc",
	        "a.dist-info/METADATA", "setup.py", "a.pth", "binding.gyp", "x.sh", "yarn.lock", "pnpm-lock.yaml", "Cargo.lock",
	        "composer.lock", "uv.lock", "go.sum", "Gemfile.lock", "CMakeLists.txt", "x.ps1", "x.cmd", "x.gradle", "x.m4",
	        "Makefile.am"};
	struct scan_options o = {.deep = size && data[0] & 1,
	        .profile = true,
	        .limits = {.findings = 20, .depth = 4, .unpacked = 1 << 18, .member = 1 << 16, .steps = 20000}};
	struct seen s = {0};
	struct scan_summary sum;
	if (size == 0)
		return 0;
	/* Without them archives are unscanned, which is right, too. */
	(void)lib_unpack_load(NULL);
	/* A change: what was there before is the first half. */
	struct slice all = slice_of(data + 1, size - 1), before = slice_sub(all, 0, all.n / 2);
	/* Of a lock file the same is its manifest. */
	const struct scan_around around = {.before = &before, .manifest = &before};
	const char *name = names[(data[0] >> 1 & 63) % ARRAY_LEN(names)];
	const struct scan_told to = {.found = on_found, .runs = on_runs, .fact = on_fact, .arg = &s};
	int r = data[0] & 128 ? scan_changed(slice_from(all, before.n), &around, name, &o, &to, &sum)
	                      : scan_bytes_told(all, name, &o, &to, &sum);
	if (r < 0)
		return 0;
	if (sum.found + sum.notes != s.n || sum.verdict < s.worst || (s.n == 0 && sum.dropped == 0 && sum.verdict != SCAN_CLEAN))
		__builtin_trap();
	return 0;
}
