/* Events of OCSF as we write them, what is read out of any entry, and the index: never another answer than the log itself gives. */
#include "ledger/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "ledger/entries.h"
#include "ledger/index.h"
#include "ledger/store.h"
#include "parse/jcs.h"
#include "parse/json.h"
#include "sys/path.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* What OCSF 1.8.0 requires of each class beside the base event's, and the number of its category. */
static const struct {
	enum entry_class class_uid;
	unsigned category;
	const char *members; /* that only the caller can know */
	const char *required[6];
} ocsf[] = {
        {ENTRY_FILE_ACTIVITY, 1, "{\"file\":{\"name\":\"a\",\"type_id\":1}}", {"actor", "device", "file"}},
        {ENTRY_MODULE_ACTIVITY, 1, "{\"module\":{\"load_type_id\":1}}", {"actor", "device", "module"}},
        {ENTRY_PROCESS_ACTIVITY, 1, "{\"process\":{\"pid\":1}}", {"actor", "device", "process"}},
        {ENTRY_DETECTION_FINDING, 2, "", {"finding_info"}},
        {ENTRY_POSTURE_FINDING, 2, "", {"finding_info", "application"}},
        {ENTRY_NETWORK_ACTIVITY, 4, "{\"dst_endpoint\":{\"ip\":\"192.0.2.1\"}}", {"dst_endpoint"}},
        {ENTRY_HTTP_ACTIVITY, 4, "{\"http_request\":{\"http_method\":\"GET\"}}", {"http_request"}},
        {ENTRY_SOFTWARE_INVENTORY, 5, "", {"device"}},
        {ENTRY_APPLICATION_LIFECYCLE, 6, "", {"app"}},
        {ENTRY_API_ACTIVITY, 6, "{\"api\":{\"operation\":\"x\"},\"src_endpoint\":{\"ip\":\"192.0.2.1\"}}",
                {"actor", "api", "src_endpoint"}},
};
static const char *const base[] = {"activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id", "metadata"};

static struct entry full(enum entry_class class_uid, const char *members)
{
	return (struct entry){.class_uid = class_uid,
	        .activity_id = 1,
	        .time = 1764000000123,
	        .severity = ENTRY_HIGH,
	        .host = SLICE("host.example"),
	        .person = SLICE("anna"),
	        .tool_name = SLICE("tool \"x\""),
	        .tool_version = SLICE("1.2.3"),
	        .tool_sha256 = SLICE(DIGEST),
	        .policy_sha256 = SLICE(DIGEST),
	        .confinement = SLICE("full"),
	        .verdict = ENTRY_DENY,
	        .message = SLICE("no\nwith é"),
	        .finding_uid = SLICE("f-1"),
	        .members = slice_str(members),
	        .unmapped = SLICE("{\"seed\":7}")};
}

static uint64_t number(const struct json *doc, const char *name)
{
	uint64_t n = 0;
	const struct json *v = json_get(doc, name);
	assert_non_null(v);
	assert_true(slice_u64(v->raw, UINT64_MAX, &n));
	return n;
}

static void every_class_is_as_ocsf_wants_it(void **state)
{
	(void)state;
	assert_int_equal(entry_kind_count, ARRAY_LEN(ocsf));
	for (size_t i = 0; i < ARRAY_LEN(ocsf); i++) {
		_cleanup_buf_ struct buf out = BUF(1 << 20);
		_cleanup_arena_ struct arena arena = ARENA(1 << 20);
		struct entry e = full(ocsf[i].class_uid, ocsf[i].members);
		struct err err = {0};
		struct json *doc;
		struct entry_fields f;
		const char *why;
		size_t at;
		if (entry_write(&e, &out, &err) < 0)
			fail_msg("%d: %s", (int)ocsf[i].class_uid, err.text);
		assert_int_equal(jcs_check(buf_slice(&out), &why, &at), 0);
		assert_int_equal(json_parse(buf_slice(&out), NULL, &arena, &doc, NULL), JSON_OK);
		for (size_t k = 0; k < ARRAY_LEN(base); k++)
			if (!json_get(doc, base[k]))
				fail_msg("%d has no %s", (int)ocsf[i].class_uid, base[k]);
		for (size_t k = 0; ocsf[i].required[k]; k++)
			if (!json_get(doc, ocsf[i].required[k]))
				fail_msg("%d has no %s", (int)ocsf[i].class_uid, ocsf[i].required[k]);
		assert_int_equal(number(doc, "category_uid"), ocsf[i].category);
		assert_int_equal(number(doc, "type_uid"), (uint64_t)ocsf[i].class_uid * 100 + 1);
		assert_int_equal(number(doc, "class_uid") / 1000, ocsf[i].category);
		const struct json *meta = json_get(doc, "metadata");
		assert_true(slice_is(json_get(meta, "version")->raw, "\"1.8.0\""));
		assert_non_null(json_get(json_get(meta, "product"), "name"));
		/* And what can be found again. */
		assert_int_equal(entry_read(buf_slice(&out), &arena, &f), 0);
		assert_int_equal(f.time, e.time);
		assert_int_equal(f.class_uid, ocsf[i].class_uid);
		assert_int_equal(f.severity_id, 4);
		assert_true(slice_eq(f.tool, e.tool_name) && slice_eq(f.version, e.tool_version) && slice_eq(f.host, e.host));
		assert_true(slice_eq(f.person, e.person) && slice_is(f.verdict, "deny") && slice_eq(f.message, e.message));
		/* Without what the class requires it is refused. */
		if (ocsf[i].members[0]) {
			e.members = SLICE_NONE;
			assert_int_equal(entry_write(&e, &out, &err), -EINVAL);
			assert_non_null(strstr(err.text, "needs the member"));
		}
	}
}

static void verdicts_come_back(void **state)
{
	(void)state;
	for (enum entry_verdict v = ENTRY_NO_VERDICT; v < ENTRY_VERDICTS; v++) {
		_cleanup_buf_ struct buf out = BUF(1 << 20);
		_cleanup_arena_ struct arena arena = ARENA(1 << 20);
		struct entry e = full(ENTRY_APPLICATION_LIFECYCLE, "");
		struct entry_fields f;
		e.verdict = v;
		assert_int_equal(entry_write(&e, &out, NULL), 0);
		assert_int_equal(entry_read(buf_slice(&out), &arena, &f), 0);
		assert_true(slice_is(f.verdict, entry_verdict_word(v)));
	}
}

static void what_is_wrong_is_said(void **state)
{
	_cleanup_buf_ struct buf out = BUF(1 << 20);
	struct entry e;
	struct err err = {0};
	static char large[70000];
	(void)state;
	memset(large, 'x', sizeof(large));
#define REFUSED(change, code, words)                                             \
	do {                                                                     \
		e = full(ENTRY_DETECTION_FINDING, "");                           \
		change;                                                          \
		assert_int_equal(entry_write(&e, &out, &err), code);             \
		if (!strstr(err.text, words))                                    \
			fail_msg("\"%s\" does not say \"%s\"", err.text, words); \
	} while (0)
	REFUSED(e.class_uid = (enum entry_class)9999, -EINVAL, "no event class 9999");
	REFUSED(e.activity_id = 4, -EINVAL, "no activity 4");
	REFUSED(e.finding_uid = SLICE_NONE, -EINVAL, "a finding needs");
	REFUSED(e.tool_name = SLICE_NONE, -EINVAL, "needs a tool");
	REFUSED(e.tool_sha256 = SLICE("12"), -EINVAL, "no SHA-256");
	REFUSED(e.policy_sha256 = SLICE("X" DIGEST), -EINVAL, "no SHA-256");
	REFUSED(e.members = SLICE("[1]"), -EINVAL, "no JSON object");
	REFUSED(e.unmapped = SLICE("{"), -EINVAL, "no JSON object");
	REFUSED(e.members = SLICE("{\"time\":1}"), -EINVAL, "cannot be written");
	REFUSED(e.unmapped = SLICE("{\"tool\":1}"), -EINVAL, "cannot be written");
	REFUSED(e.message = SLICE("\xff"), -EINVAL, "cannot be written");
	REFUSED(e.message = slice_of(large, sizeof(large)), -EMSGSIZE, "at most 65535");
	REFUSED((e.class_uid = ENTRY_SOFTWARE_INVENTORY, e.host = SLICE_NONE), -EINVAL, "needs a host");
	assert_int_equal(out.n, 0);
}

static void words_are_those_of_all_texts(void **state)
{
	static const struct {
		const char *words;
		int want;
	} rows[] = {
	        {"alpha", 1},
	        {"ALPHA beta", 1},
	        {"beta alpha", 1},
	        {"alph", 0},
	        {"alpha gamma", 0},
	        {"foo-bar", 1},
	        {"foo.bar", 1},
	        {"bar-foo", 0},
	        {"42", 1},
	        {"é", 1},
	        {"deep", 1},
	        {"name", 0}, /* names of members are no texts */
	        {"", 1},
	        {"...", 1},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_arena_ struct arena arena = ARENA(1 << 20);
		struct filter f = {.since = INT64_MIN, .words = slice_str(rows[i].words)};
		struct slice json = SLICE("{\"name\":\"Alpha, Beta\",\"x\":[42,{\"y\":\"foo-bar é\",\"z\":[[\"deep\"]]}],\"t\":true}");
		if (filter_match(&f, json, &arena, NULL) != rows[i].want)
			fail_msg("\"%s\" should %s", rows[i].words, rows[i].want ? "fit" : "not fit");
	}
}

/* A log with entries of some tools, hosts, verdicts, times and words. */
#define ENTRIES 700
static char top[64], folder[96];
static int dir;
static struct note_vkey key;
static struct ledger_config config;
static uint64_t size;

static void make_entry(struct buf *out, uint64_t i)
{
	static const char *const tools[] = {"alpha", "beta", "gamma"}, *const hosts[] = {"h1", "h2"};
	char message[100];
	(void)snprintf(message, sizeof(message), "event %llu word%llu", (unsigned long long)i, (unsigned long long)(i % 13));
	struct entry e = full(ENTRY_APPLICATION_LIFECYCLE, "");
	e.tool_name = slice_str(tools[i % 3]);
	e.host = slice_str(hosts[i / 7 % 2]);
	e.verdict = (enum entry_verdict)(i % 5);
	e.time = 1764000000000 + (int64_t)(i * 7919 % 1000) * 1000;
	e.message = slice_str(message);
	if (i % 11 == 0)
		buf_fmt(out, "[\"no object\",%llu]", (unsigned long long)i);
	else
		assert_int_equal(entry_write(&e, out, NULL), 0);
}

static int make_log(void **state)
{
	static const struct store_key no_key;
	_cleanup_buf_ struct buf entries = BUF(JOURNAL_BYTES), hashes = BUF((size_t)JOURNAL_ENTRIES * MERKLE_HASH), one = BUF(1 << 20);
	struct store s;
	struct err err = {0};
	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/postern-entry.XXXXXX");
	if (!mkdtemp(top))
		return -1;
	(void)snprintf(folder, sizeof(folder), "%s/l", top);
	for (uint64_t i = 0; i < ENTRIES; i++) {
		struct merkle_hash h;
		buf_reset(&one);
		make_entry(&one, i);
		buf_be(&entries, one.n, 2);
		buf_add(&entries, buf_slice(&one));
		merkle_leaf(buf_slice(&one), &h);
		buf_add(&hashes, slice_of(h.b, sizeof(h.b)));
	}
	struct journal_record r = {.count = ENTRIES, .hashes = buf_slice(&hashes), .entries = buf_slice(&entries)};
	if (store_init(folder, "example.com/entry", &no_key, &err) < 0 || ledger_open(folder, &dir, &config, &err) < 0 ||
	        store_open(dir, &no_key, &s, &err) < 0 || store_take(&s, &r, &err) < 0 || store_publish(&s, &err) < 0 ||
	        store_end(&s, &err) < 0) {
		print_message("%s\n", err.text);
		return -1;
	}
	store_close(&s);
	size = ENTRIES;
	key = ledger_vkey(&config);
	return 0;
}

static int remove_log(void **state)
{
	(void)state;
	(void)close(dir);
	return path_remove(AT_FDCWD, top);
}

struct hits {
	uint64_t i[ENTRIES];
	size_t n;
	const struct filter *f;
	struct entries *entries;
};

static int on_hit(void *arg, uint64_t index)
{
	struct hits *h = arg;
	_cleanup_arena_ struct arena arena = ARENA(8 << 20);
	struct slice json;
	/* As show does it: the entry decides. */
	if (entries_get(h->entries, index, &json, NULL) < 0)
		return -EBADMSG;
	if (filter_match(h->f, json, &arena, NULL) == 1 && h->n < ENTRIES)
		h->i[h->n++] = index;
	return 1;
}

static struct filter filter_number(unsigned k)
{
	static const char *const tools[] = {NULL, "alpha", "beta", "delta"}, *const hosts[] = {NULL, "h2", "h3"},
	                         *const verdicts[] = {NULL, "deny", "ask"}, *const words[] = {NULL, "word7", "event 33", "no object"};
	struct filter f = {.since = k & 1 ? 1764000000000 + 500000 : INT64_MIN};
	const char *tool = tools[k / 2 % 4], *host = hosts[k / 8 % 3], *verdict = verdicts[k / 24 % 3], *w = words[k / 72 % 4];
	f.tool = tool ? slice_str(tool) : SLICE_NONE;
	f.host = host ? slice_str(host) : SLICE_NONE;
	f.verdict = verdict ? slice_str(verdict) : SLICE_NONE;
	f.words = w ? slice_str(w) : SLICE_NONE;
	return f;
}
#define FILTERS 288

static void scan(const struct filter *f, struct hits *h)
{
	*h = (struct hits){.f = f};
	assert_int_equal(entries_new(dir, size, &h->entries), 0);
	for (uint64_t i = 0; i < size; i++)
		assert_int_equal(on_hit(h, i), 1);
	entries_free(h->entries);
}

static int ask(struct index *x, const struct filter *f, struct hits *h, struct err *err)
{
	*h = (struct hits){.f = f};
	assert_int_equal(entries_new(dir, size, &h->entries), 0);
	int r = index_query(x, f, 0, false, on_hit, h, err);
	entries_free(h->entries);
	return r;
}

static void the_index_answers_as_the_log_does(void **state)
{
	static struct hits a, b;
	struct index *x = NULL;
	struct index_options o = {.size = size, .key = &key};
	struct err err = {0};
	char note[256];
	size_t all = 0;
	(void)state;
	if (index_open(folder, dir, &o, &x, note, &err) < 0)
		fail_msg("%s", err.text);
	for (unsigned k = 0; k < FILTERS; k++) {
		struct filter f = filter_number(k);
		scan(&f, &a);
		if (ask(x, &f, &b, &err) < 0)
			fail_msg("%s", err.text);
		if (a.n != b.n || memcmp(a.i, b.i, a.n * sizeof(a.i[0])) != 0)
			fail_msg("filter %u: the log has %zu, the index %zu", k, a.n, b.n);
		all += a.n;
	}
	assert_true(all > 1000);
	assert_int_equal(index_check(x, &err), 1);
	index_close(x);
	/* It is another log's. */
	struct note_vkey foreign = key;
	foreign.key_id++;
	o.key = &foreign;
	if (index_open(folder, dir, &o, &x, note, &err) < 0)
		fail_msg("%s", err.text);
	assert_non_null(strstr(note, "another log"));
	index_close(x);
}

/* Bits of the file are turned over, here and there. Whatever comes of it: nothing is shown that is not in the log, nothing dies, and if
 * something is not found, the check says so. */
static void a_damaged_index_harms_nobody(void **state)
{
	static struct hits want, got;
	struct index *x = NULL;
	struct index_options o = {.size = size, .key = &key, .anew = true};
	struct err err = {0};
	char note[256], path[128];
	unsigned anew = 0, reported = 0, harmless = 0, hidden = 0;
	struct filter f = {.since = INT64_MIN, .tool = SLICE("beta"), .words = SLICE("word7")};
	(void)state;
	scan(&f, &want);
	assert_true(want.n > 5);
	assert_int_equal(index_open(folder, dir, &o, &x, note, &err), 0);
	index_close(x);
	o.anew = false;
	(void)snprintf(path, sizeof(path), "%s/index.sqlite", folder);
	_cleanup_buf_ struct buf good = BUF(64 << 20);
	assert_int_equal(path_read(AT_FDCWD, path, &good), 0);
	unsigned step = (unsigned)(good.n * 8 / (getenv("POSTERN_SUITE") && strcmp(getenv("POSTERN_SUITE"), "long") == 0 ? 4000 : 400)) | 1;
	for (size_t bit = 0; bit < good.n * 8; bit += step) {
		int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
		good.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(write(fd, good.p, good.n), good.n);
		good.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		(void)close(fd);
		if (index_open(folder, dir, &o, &x, note, &err) < 0)
			fail_msg("bit %zu: %s", bit, err.text);
		anew += note[0] != 0;
		int r = ask(x, &f, &got, &err);
		assert_true(r == 0 || r == -EBADMSG);
		bool same = r == 0 && got.n == want.n && memcmp(got.i, want.i, want.n * sizeof(want.i[0])) == 0;
		/* What was found is in the log, and fits. */
		for (size_t i = 0; i < got.n; i++) {
			bool there = false;
			for (size_t k = 0; k < want.n; k++)
				there = there || want.i[k] == got.i[i];
			assert_true(there);
		}
		int whole = index_check(x, &err);
		if (!same && whole == 1)
			fail_msg("bit %zu: entries are hidden, and nobody says so", bit);
		reported += r < 0 || whole != 1;
		hidden += !same && r == 0;
		harmless += same && whole == 1 && !note[0];
		index_close(x);
	}
	print_message("made anew %u, reported %u (%u of them hid something), harmless %u\n", anew, reported, hidden, harmless);
	assert_true(anew + reported > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_class_is_as_ocsf_wants_it),
	        cmocka_unit_test(verdicts_come_back),
	        cmocka_unit_test(what_is_wrong_is_said),
	        cmocka_unit_test(words_are_those_of_all_texts),
	        cmocka_unit_test(the_index_answers_as_the_log_does),
	        cmocka_unit_test(a_damaged_index_harms_nobody),
	};
	return cmocka_run_group_tests(tests, make_log, remove_log);
}
