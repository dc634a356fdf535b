/* The factor table: every level applies, and every literal names one factor and one level only. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "vet/factor.h"

static void rows_are_complete(void **state)
{
	(void)state;
	assert_true(factor_count >= 20 && factor_count <= 64);
	for (unsigned i = 0; i < factor_count; i++) {
		const struct factor *f = &factor_table[i];
		assert_int_equal(factor_find(f->name), i);
		assert_non_null(f->title);
		/* The levels of one come from artefacts alone. */
		bool own = strcmp(f->name, "hidden_names") != 0;
		assert_true(f->n_levels >= 1u + own && f->n_levels <= FACTOR_LEVELS_MAX);
		assert_non_null(f->apply);
		assert_non_null(f->literals);
		assert_non_null(f->vocabulary[0]);
		assert_true(f->levels[0].quick);
		unsigned quick = 0;
		for (size_t l = 0; l < f->n_levels; l++) {
			quick += f->levels[l].quick;
			for (size_t m = 0; m < l; m++) {
				assert_string_not_equal(f->levels[l].value, f->levels[m].value);
				assert_string_not_equal(f->levels[l].name, f->levels[m].name);
			}
		}
		assert_true(quick >= 1u + own);
		for (const char *const *v = f->vocabulary; *v; v++)
			for (const char *p = *v; *p; p++)
				assert_false(*p >= 'A' && *p <= 'Z');
	}
	assert_int_equal(factor_find("no such"), factor_count);
}

struct seen {
	unsigned factor, level;
	const char *text;
};

static void literals_are_unique(void **state)
{
	(void)state;
	struct arena arena = ARENA(16 << 20);
	static struct seen seen[4096];
	static struct host_spec h;
	size_t n = 0;
	for (unsigned i = 0; i < factor_count; i++) {
		for (unsigned l = 0; l < factor_table[i].n_levels; l++) {
			struct treatment t = {.base = BASE_GATEWAY};
			t.level[i] = (uint8_t)l;
			const char *gateway = NULL, *lit[FACTOR_FORMS_MAX];
			assert_int_equal(treatment_host(&t, &arena, &h, &gateway), 0);
			assert_non_null(gateway);
			size_t k = factor_table[i].literals(&h, gateway, lit, FACTOR_FORMS_MAX);
			assert_true(k < FACTOR_FORMS_MAX); /* else some may be left out */
			for (size_t j = 0; j < k; j++) {
				assert_true(n < ARRAY_LEN(seen));
				assert_true(strlen(lit[j]) >= 3);
				seen[n++] = (struct seen){i, l, lit[j]};
			}
		}
	}
	assert_true(n > 150);
	for (size_t a = 0; a < n; a++)
		for (size_t b = 0; b < n; b++)
			if (seen[a].factor != seen[b].factor && strstr(seen[a].text, seen[b].text))
				fail_msg("%s of %s is inside %s of %s", seen[b].text, factor_table[seen[b].factor].name, seen[a].text,
				        factor_table[seen[a].factor].name);
	arena_free(&arena);
}

static void one_factor_changes_no_other_literal(void **state)
{
	(void)state;
	struct arena arena = ARENA(64 << 20);
	static struct host_spec h0, h;
	const char *g0 = NULL, *g = NULL, *lit0[32], *lit[32];
	assert_int_equal(treatment_host(&(struct treatment){.base = BASE_GATEWAY}, &arena, &h0, &g0), 0);
	assert_int_equal(factor_level_add((unsigned)factor_find("hidden_names"), "two",
	                         "KESTREL_LAB,PLOVER_LAB,PATH,LD_PRELOAD,.kestrel.toml", false),
	        0);
	for (unsigned i = 0; i < factor_count; i++) {
		struct treatment t = {.base = BASE_GATEWAY};
		t.level[i] = 1;
		assert_int_equal(treatment_host(&t, &arena, &h, &g), 0);
		for (unsigned k = 0; k < factor_count; k++) {
			if (k == i || strcmp(factor_table[i].name, "git") == 0)
				continue; /* without a repository there is no remote and no identity */
			size_t n0 = factor_table[k].literals(&h0, g0, lit0, 32), n = factor_table[k].literals(&h, g, lit, 32);
			assert_int_equal(n, n0);
			for (size_t j = 0; j < n; j++)
				assert_string_equal(lit[j], lit0[j]);
		}
		bool set = strcmp(factor_table[i].name, "hidden_names") == 0;
		assert_int_equal(host_env_get(&h, "KESTREL_LAB") && host_env_get(&h, "PLOVER_LAB"), set);
		assert_null(host_env_get(&h, "LD_PRELOAD"));
	}
	factor_level_reset();
	arena_free(&arena);
}

static const struct host_file *file_of(const struct host_spec *h, const char *path)
{
	const struct host_file *found = NULL;
	for (size_t i = 0; i < h->n_files; i++)
		if (strcmp(h->files[i].path, path) == 0) {
			assert_null(found);
			found = &h->files[i];
		}
	return found;
}

/* Below the home and the project, but for what says where; nothing that is there is replaced, and no file becomes a folder. */
static void hidden_files_are_made(void **state)
{
	(void)state;
	struct arena arena = ARENA(64 << 20);
	static struct host_spec h;
	const char *g = NULL;
	unsigned names = (unsigned)factor_find("hidden_names"), ai = (unsigned)factor_find("ai_tools");
	struct treatment t = {.base = BASE_OFFICIAL};
	assert_int_equal(
	        factor_level_add(names, "some",
	                ".plover/settings.json,./kestrel.toml,~/.osprey,/opt/hazelbrant/licence,.plover,.plover/settings.json/x,.git/HEAD,"
	                ".cursor/mcp.json,.codex",
	                false),
	        0);
	t.level[names] = 1;
	t.level[ai] = 1;
	assert_int_equal(treatment_host(&t, &arena, &h, &g), 0);
	const char *const made[] = {arena_fmt(&arena, "%s/.plover/settings.json", h.home),
	        arena_fmt(&arena, "%s/.plover/settings.json", h.project), arena_fmt(&arena, "%s/kestrel.toml", h.project),
	        arena_fmt(&arena, "%s/.osprey", h.home), "/opt/hazelbrant/licence", arena_fmt(&arena, "%s/.git/HEAD", h.home)};
	for (size_t i = 0; i < ARRAY_LEN(made); i++)
		assert_non_null(file_of(&h, made[i]));
	assert_true(slice_is(file_of(&h, made[0])->data, "{}\n"));
	const char *const not_made[] = {arena_fmt(&arena, "%s/kestrel.toml", h.home), arena_fmt(&arena, "%s/.osprey", h.project),
	        arena_fmt(&arena, "%s/.plover", h.home), arena_fmt(&arena, "%s/.plover/settings.json/x", h.home),
	        arena_fmt(&arena, "%s/.git/HEAD", h.project), arena_fmt(&arena, "%s/.codex", h.home)};
	for (size_t i = 0; i < ARRAY_LEN(not_made); i++)
		assert_null(file_of(&h, not_made[i]));
	assert_true(file_of(&h, arena_fmt(&arena, "%s/.cursor/mcp.json", h.home))->data.n > 10);
	factor_level_reset();
	arena_free(&arena);
}

/* Containers, virtual machines, mirrors and a way over SSH: what a tool can see of each, and that its literal forms are all told. */
static void machines_differ(void **state)
{
	(void)state;
	struct arena arena = ARENA(16 << 20);
	static struct host_spec h;
	const char *g = NULL, *lit[FACTOR_FORMS_MAX];
	unsigned machine = (unsigned)factor_find("machine"), mirrors = (unsigned)factor_find("mirrors"),
	         terminal = (unsigned)factor_find("terminal");
	struct treatment t = {.base = BASE_OFFICIAL};
	assert_int_equal(treatment_host(&t, &arena, &h, &g), 0);
	assert_null(file_of(&h, "/.dockerenv"));
	assert_null(host_env_get(&h, "SSH_CONNECTION"));
	assert_true(slice_is(file_of(&h, "/sys/class/dmi/id/sys_vendor")->data, "Dell Inc.\n"));
	t.level[machine] = 1;
	t.level[mirrors] = 1;
	for (unsigned l = 0; l < factor_table[terminal].n_levels; l++)
		if (strcmp(factor_table[terminal].levels[l].name, "ssh") == 0)
			t.level[terminal] = (uint8_t)l;
	assert_int_equal(treatment_host(&t, &arena, &h, &g), 0);
	assert_non_null(file_of(&h, "/.dockerenv"));
	assert_non_null(host_env_get(&h, "KUBERNETES_SERVICE_HOST"));
	assert_string_equal(host_env_get(&h, "SSH_CONNECTION"), "198.51.100.77 50914 203.0.113.88 22");
	assert_string_equal(host_env_get(&h, "npm_config_registry"), "https://npm.mirrors.huaqing-sci.cn");
	assert_true(slice_is(file_of(&h, arena_fmt(&arena, "%s/.npmrc", h.home))->data, "registry=https://npm.mirrors.huaqing-sci.cn\n"));
	size_t n = factor_table[mirrors].literals(&h, NULL, lit, FACTOR_FORMS_MAX), found = 0;
	for (size_t i = 0; i < n; i++)
		found +=
		        strcmp(lit[i], "py.mirrors.huaqing-sci.cn") == 0 || strcmp(lit[i], "https://go.mirrors.huaqing-sci.cn,direct") == 0;
	assert_int_equal(found, 2);
	t.level[machine] = 2;
	assert_int_equal(treatment_host(&t, &arena, &h, &g), 0);
	assert_true(slice_is(file_of(&h, "/sys/class/dmi/id/sys_vendor")->data, "Alibaba Cloud\n"));
	assert_null(file_of(&h, "/.dockerenv"));
	arena_free(&arena);
}

static void literals_of_derived_things(void **state)
{
	(void)state;
	struct arena arena = ARENA(16 << 20);
	static struct host_spec h;
	struct treatment t = {.base = BASE_OFFICIAL};
	unsigned os = (unsigned)factor_find("os");
	const char *g, *lit[32];
	t.level[os] = 1;
	assert_int_equal(treatment_host(&t, &arena, &h, &g), 0);
	size_t n = factor_table[os].literals(&h, NULL, lit, 32), found = 0;
	for (size_t i = 0; i < n; i++)
		found += strcmp(lit[i], "24.04") == 0 || strcmp(lit[i], "24.4.0") == 0;
	assert_int_equal(found, 2);
	arena_free(&arena);
}

static void treatments_set_the_host(void **state)
{
	(void)state;
	struct arena arena = ARENA(4 << 20);
	static struct host_spec h;
	const char *g = "x";
	struct treatment t = {.base = BASE_OFFICIAL};
	t.level[factor_find("gateway")] = 2;
	t.level[factor_find("timezone")] = 1;
	t.level[factor_find("proxy")] = 1;
	t.level[factor_find("git")] = 1;
	assert_int_equal(treatment_host(&t, &arena, &h, &g), 0);
	assert_null(g);
	assert_string_equal(h.timezone, "Asia/Shanghai");
	assert_string_equal(host_env_get(&h, "TZ"), "Asia/Shanghai");
	assert_string_equal(host_env_get(&h, "LC_ALL"), "en_US.UTF-8");
	assert_string_equal(host_env_get(&h, "https_proxy"), "http://proxy-k4v.corp.example:3128");
	assert_true(h.no_git);
	t.base = BASE_GATEWAY;
	assert_int_equal(treatment_host(&t, &arena, &h, &g), 0);
	assert_string_equal(g, factor_table[factor_find("gateway")].levels[2].value);
	t.level[0] = 200;
	assert_int_equal(treatment_host(&t, &arena, &h, &g), -EINVAL);
	arena_free(&arena);
}

static void levels_can_be_added(void **state)
{
	(void)state;
	unsigned z = (unsigned)factor_find("timezone");
	size_t n = factor_table[z].n_levels;
	assert_int_equal(factor_level_add(z, "Asia/Baku", "Asia/Baku", true), 0);
	assert_int_equal(factor_level_add(z, "again", "Asia/Baku", true), -EEXIST);
	assert_int_equal(factor_level_add(z, "again", "Asia/Tokyo", true), -EEXIST);
	assert_int_equal(factor_level_add(999, "x", "x", true), -EINVAL);
	assert_int_equal(factor_level_count(z), n + 1);
	assert_string_equal(factor_level_at(z, (unsigned)n)->value, "Asia/Baku");
	assert_null(factor_level_at(z, (unsigned)n + 1));
	assert_int_equal(factor_level_count(z + 1), factor_table[z + 1].n_levels);
	factor_level_reset();
	assert_null(factor_level_at(z, (unsigned)n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rows_are_complete),
	        cmocka_unit_test(literals_are_unique),
	        cmocka_unit_test(one_factor_changes_no_other_literal),
	        cmocka_unit_test(hidden_files_are_made),
	        cmocka_unit_test(machines_differ),
	        cmocka_unit_test(literals_of_derived_things),
	        cmocka_unit_test(treatments_set_the_host),
	        cmocka_unit_test(levels_can_be_added),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
