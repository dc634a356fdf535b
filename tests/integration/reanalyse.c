/* Runs the analysis again over the traces that `postern vet --keep-traces` kept, and shows the values of chosen features:
 *	reanalyse DIR PROFILE.yaml [--feature WORDS | --json FILE]
 * For work on the analysis, where running the trials again would only add noise. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "crypto/cert.h"
#include "report/report.h"
#include "vet/analysis.h"
#include "vet/combine.h"
#include "vet/run.h"
#include "vet/setup.h"
#include "wire/trace.h"

#define TRIALS_MAX 512

struct kept {
	struct analysis_trial t;
	struct host_spec host;
	struct setup setup;
};

static struct slice map(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0)
		return SLICE_NONE;
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	return p == MAP_FAILED ? SLICE_NONE : slice_of(p, (size_t)st.st_size);
}

static void show_features(const struct feature_set *s, const struct analysis_trial *t, size_t n, const char *words)
{
	for (uint32_t i = 0; i < feature_count(s); i++) {
		const struct feature *f = feature_at(s, i);
		bool hit = strstr(f->address, words) || strstr(f->endpoint, words);
		for (unsigned o = 0; o < n && !hit; o++)
			hit = slice_find(feature_value(s, i, o), slice_str(words), 0) != SLICE_NPOS;
		if (!hit)
			continue;
		(void)printf("#%u %s | %s | derived %d structural %d parent %d\n", i, f->endpoint, f->address, f->derived, f->structural,
		        (int)f->parent);
		bool shown[TRIALS_MAX] = {false};
		for (unsigned o = 0; o < n; o++) {
			struct slice v = feature_value(s, i, o);
			if (shown[o])
				continue;
			_cleanup_buf_ struct buf line = BUF(4096);
			for (size_t k = 0; k < v.n && k < 200; k++)
				buf_u8(&line, v.p[k] < 0x20 ? '~' : v.p[k]);
			(void)printf("   %s%s\n     ", v.p ? "= " : "(absent)", buf_str(&line));
			for (unsigned q = o; q < n; q++) {
				struct slice w = feature_value(s, i, q);
				if ((bool)w.p != (bool)v.p || !slice_eq(v, w))
					continue;
				shown[q] = true;
				(void)printf(" %s:%c:%s=%s", t[q].id, *vet_base_name(t[q].treatment.base),
				        t[q].baseline   ? "-"
				        : t[q].combined ? "(combined)"
				                        : factor_table[t[q].factor].name,
				        t[q].baseline || t[q].combined ? "" : factor_level_at(t[q].factor, t[q].level)->name);
			}
			(void)printf("\n");
		}
	}
}

/* What the rows that were kept bring up, and what would be run next for it. */
static void combinations(
        const struct feature_set *s, const struct analysis_trial *t, size_t n, const struct profile *p, struct arena *arena)
{
	static const struct combine_limits limits = {.trials = 64, .on = 4, .off = 2};
	struct combine *x = NULL;
	struct combine_trial *next;
	size_t n_next = 0;
	if (combine_new(&limits, arena, &x) == 0 && combine_next(x, s, t, n, p, &next, &n_next) == 0) {
		struct combine_account a = combine_account(x);
		(void)fprintf(stderr, "combinations: %u suspected, %u located, %u by chance; next:\n", a.suspected, a.located, a.chance);
		for (size_t i = 0; i < n_next; i++) {
			(void)fprintf(stderr, "  %c %d", *vet_base_name(next[i].treatment.base), next[i].row);
			for (unsigned f = 0; f < factor_count; f++)
				if (next[i].treatment.level[f])
					(void)fprintf(stderr, " %s=%u", factor_table[f].name, next[i].treatment.level[f]);
			(void)fprintf(stderr, " device=%u\n", next[i].treatment.identity);
		}
	}
	combine_free(x);
}

int main(int argc, char **argv)
{
	static struct arena arena = ARENA((size_t)1 << 30);
	static struct kept kept[TRIALS_MAX];
	static struct analysis_trial trials[TRIALS_MAX];
	static struct vet_result result = {.arena = ARENA((size_t)1 << 30)};
	struct profile profile;
	struct err err = {0};
	struct feature_set *s;
	char path[4096], name[2048];
	_cleanup_buf_ struct buf ca = BUF(65536), key = BUF(65536);
	if (argc < 3 || cert_ca_new(NULL, time(NULL), &ca, &key) < 0 || profile_load(argv[2], &arena, &profile, &err) < 0 ||
	        feature_set_new(&s) < 0) {
		(void)fprintf(stderr, "reanalyse DIR PROFILE.yaml [--feature WORDS | --json FILE]\n%s\n", err.text);
		return 2;
	}
	(void)snprintf(path, sizeof(path), "%s/trials.tsv", argv[1]);
	FILE *f = fopen(path, "r");
	unsigned number, base, n = 0;
	int confirming, worked;
	long long started;
	while (f && n < TRIALS_MAX &&
	        fscanf(f, "%u\t%u\t%d\t%lld\t%d\t%2047s\n", &number, &base, &confirming, &started, &worked, name) == 6) {
		struct kept *k = &kept[n];
		unsigned factor = 0, level = 0, varied = 0;
		struct treatment treatment = plan_treatment((enum vet_base)base, 0, 0);
		for (char *p = name, *comma; (comma = strchr(p, ',')); p = comma + 1) {
			char *equals = strchr(p, '=');
			*equals = 0;
			if (strcmp(p, "device") == 0) {
				treatment.identity = (uint32_t)strtoul(equals + 1, NULL, 10);
				continue;
			}
			factor = (unsigned)factor_find(p);
			level = (unsigned)strtoul(equals + 1, NULL, 10);
			treatment.level[factor] = (uint8_t)level;
			varied++;
		}
		/* From 10 on: of several factors, and what for. */
		enum analysis_row row = confirming > 10 ? (enum analysis_row)(confirming - 10) : ROW_NONE;
		bool combined = (confirming == 1 && varied != 1) || confirming == 3 || confirming == 4;
		struct feature_literal literals[512];
		size_t n_literals = 0;
		static const char *const no_command[] = {"tool", NULL};
		struct vet_subject subject = {.command = no_command};
		k->t = (struct analysis_trial){.id = arena_fmt(&arena, "t%03u", number),
		        .treatment = treatment,
		        .baseline = varied == 0 && confirming != 1 && confirming != 3 && row == ROW_NONE,
		        .row = row,
		        .factor = combined ? 0 : factor,
		        .level = combined ? 0 : level,
		        .confirming = confirming > 0 && confirming < 10,
		        .probe = confirming == 2,
		        .spread = confirming == 3,
		        .combined = combined,
		        .usable = confirming != 4,
		        .started_unix = started};
		if (!worked || setup_trial(&subject, &profile, &k->t.treatment, buf_slice(&ca), false, &arena, &k->setup, &err) < 0)
			continue;
		for (unsigned i = 0; i < factor_count; i++) {
			const char *forms[16];
			size_t got = factor_table[i].literals ? factor_table[i].literals(&k->setup.host, k->setup.gateway, forms, 16) : 0;
			for (size_t j = 0; j < got; j++)
				literals[n_literals++] =
				        (struct feature_literal){.factor = i, .name = factor_table[i].name, .value = slice_str(forms[j])};
		}
		(void)snprintf(path, sizeof(path), "%s/t%03u.trace", argv[1], number);
		int o = feature_set_add(s, map(path), literals, n_literals, k->setup.gateway, &err);
		if (o < 0) {
			(void)fprintf(stderr, "%s: %s\n", path, err.text);
			continue;
		}
		k->t.host = &k->setup.host;
		k->t.gateway = k->setup.gateway;
		trials[n++] = k->t;
	}
	if (f)
		(void)fclose(f);
	(void)fprintf(stderr, "%u trials, %zu features\n", n, feature_count(s));
	if (argc == 5 && strcmp(argv[3], "--feature") == 0) {
		show_features(s, trials, n, argv[4]);
		return 0;
	}
	combinations(s, trials, n, &profile, &arena);
	struct analysis_candidate *c;
	size_t n_c;
	unsigned plain = 0;
	while (plain < n && !trials[plain].confirming)
		plain++;
	if (analysis_screen(s, trials, plain, &profile, &arena, &c, &n_c) == 0)
		for (size_t i = 0; i < n_c; i++)
			(void)printf("candidate %s %s = %s: %u features, worst %s, by chance %.2g\n", vet_base_name(c[i].base),
			        factor_table[c[i].factor].name, factor_level_at(c[i].factor, c[i].level)->name, c[i].features,
			        leak_class_name(c[i].worst), c[i].by_chance);
	struct analysis_suspect *suspects;
	size_t n_suspects;
	if (analysis_volatile_screen(s, trials, n, &profile, 24, &arena, &suspects, &n_suspects) == 0)
		for (size_t i = 0; i < n_suspects; i++)
			(void)printf("suspect %s %s = %s: score %.2f after %u runs, wants %u: %s %s\n", vet_base_name(suspects[i].base),
			        factor_table[suspects[i].factor].name, factor_level_at(suspects[i].factor, suspects[i].level)->name,
			        suspects[i].score, suspects[i].runs, suspects[i].wants, feature_at(s, suspects[i].feature)->endpoint,
			        feature_at(s, suspects[i].feature)->address);
	if (analysis_decide(s, trials, n, &profile, &result) == 0) {
		_cleanup_buf_ struct buf text = BUF((size_t)64 << 20), json = BUF((size_t)64 << 20);
		result.postern = result.subject_name = result.subject_version = result.subject_sha256 = result.subject_title = "";
		result.profile = result.started = result.effort = result.confinement = result.subject_entry = "";
		report_json(&json, &result);
		FILE *out = argc == 5 ? fopen(argv[4], "w") : NULL;
		if (out) {
			(void)fwrite(json.p, 1, json.n, out);
			(void)fclose(out);
		}
		report_text(&text, &result, &(struct report_text_options){.width = 160});
		(void)printf("%s", buf_str(&text));
	}
	return 0;
}
