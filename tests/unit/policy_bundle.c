/* Bundles: their form, whose signatures count, every attack on what is taken that we know of, and a crash at every step of putting one in
 * force. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/digest.h"
#include "policy/bundle_part.h"
#include "policy/policy.h"
#include "sys/path.h"

#define DAY 86400

/* ---- A process that ends at a given step, and what it may not do before something is synced ---- */

#define CRASHED 77
#define INODES  4096

static int crash_at = -1, fail_at = -1, steps;
static ino_t synced[INODES];
static size_t n_synced;
static bool watching, unsynced;

/* True: this call is the one that fails. */
static bool step(void)
{
	if (crash_at < 0 && fail_at < 0)
		return false;
	if (steps == crash_at)
		_exit(CRASHED);
	errno = steps % 2 ? EIO : ENOSPC;
	return steps++ == fail_at;
}

int fsync(int fd)
{
	struct stat st;
	if (step())
		return -1;
	if (watching && fstat(fd, &st) == 0 && n_synced < INODES)
		synced[n_synced++] = st.st_ino;
	return (int)syscall(SYS_fsync, fd);
}

static bool is_synced(int dir, const char *name)
{
	struct stat st;
	bool good = false;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISLNK(st.st_mode))
		return true;
	for (size_t i = 0; i < n_synced; i++)
		good |= synced[i] == st.st_ino;
	if (!S_ISDIR(st.st_mode) || !good)
		return good;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY);
	DIR *d = fdopendir(fd);
	for (struct dirent *e; d && good && (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			good = is_synced(fd, e->d_name);
	closedir(d);
	return good;
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	if (step())
		return -1;
	if (watching && !is_synced(from_dir, from))
		unsynced = true;
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

int symlinkat(const char *target, int dir, const char *name)
{
	if (step())
		return -1;
	return (int)syscall(SYS_symlinkat, target, dir, name);
}

int unlinkat(int dir, const char *name, int flags)
{
	if (step())
		return -1;
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

int mkdirat(int dir, const char *name, mode_t mode)
{
	if (step())
		return -1;
	return (int)syscall(SYS_mkdirat, dir, name, mode);
}

/* ---- Keys and bundles ---- */

struct key {
	uint8_t seed[ED25519_SEED];
	struct tlog_signer signer;
};
static struct key key[5];
static const char *const key_name[] = {"example.com/a", "example.com/b", "example.com/c", "example.com/d", "example.com/e"};
static char top[64], trust_path[128], store_path[128], folder_path[128];
static struct bundle_config config;
static int64_t now;

static int sign_with(void *arg, struct slice message, uint8_t signature[ED25519_SIGNATURE])
{
	return ed25519_sign(((struct key *)arg)->seed, message, signature);
}

static void put(const char *folder, const char *name, struct slice text)
{
	char path[300];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (char *slash = path; (slash = strchr(slash + 1, '/'));) {
		*slash = 0;
		(void)mkdir(path, 0755);
		*slash = '/';
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.p, text.n), text.n);
	close(fd);
}

static void wipe(const char *path)
{
	assert_int_equal(path_remove(AT_FDCWD, path), 0);
}

#define POLICY(version) "organisation: example.com\nversion: " version "\ntools: {default: ban}\n"

/* The text of a trust with these keys ("abc"), signed by those. */
static void make_trust(struct buf *out, uint64_t version, unsigned threshold, const char *keys, const char *by)
{
	_cleanup_buf_ struct buf text = BUF(TRUST_MAX);
	struct trust t = {.organisation = SLICE("example.com"), .version = version, .threshold = threshold};
	for (; *keys; keys++, t.n++) {
		const struct key *k = &key[*keys - 'a'];
		t.key[t.n] = (struct note_vkey){.name = k->signer.name, .type = TLOG_ED25519};
		memcpy(t.key[t.n].public, k->signer.public, 32);
	}
	trust_write(&t, &text);
	for (; *by; by++) {
		_cleanup_buf_ struct buf next = BUF(TRUST_MAX);
		size_t kept;
		assert_int_equal(trust_sign(buf_slice(&text), &key[*by - 'a'].signer, &next, &kept, NULL), 0);
		buf_reset(&text);
		buf_add(&text, buf_slice(&next));
	}
	buf_add(out, buf_slice(&text));
}

struct wanted {
	uint64_t version, trust;
	int64_t from, expires;
	const char *by, *policy, *organisation;
};

/* A bundle of what is in folder_path. */
static void make(struct buf *out, struct wanted w)
{
	struct bundle_make m = {.organisation = w.organisation ? w.organisation : "example.com",
	        .trust = w.trust ? w.trust : 1,
	        .version = w.version,
	        .from = w.from ? w.from : now - 60,
	        .expires = w.expires ? w.expires : now + 30 * DAY};
	struct err err = {0};
	put(folder_path, "policy.yaml", slice_str(w.policy ? w.policy : POLICY("1")));
	buf_reset(out);
	if (bundle_make(&m, folder_path, out, &err) < 0)
		fail_msg("%s", err.text);
	for (const char *by = w.by ? w.by : "ab"; *by; by++) {
		_cleanup_buf_ struct buf next = BUF(BUNDLE_MAX);
		size_t kept;
		if (bundle_sign(buf_slice(out), &key[*by - 'a'].signer, &next, &kept, &err) < 0)
			fail_msg("%s", err.text);
		buf_reset(out);
		buf_add(out, buf_slice(&next));
	}
}

/* A fresh machine of version 1 of the trust: two of a, b, c. */
static void fresh(void)
{
	_cleanup_buf_ struct buf text = BUF(TRUST_MAX);
	wipe(store_path);
	wipe(folder_path);
	make_trust(&text, 1, 2, "abc", "");
	put(top, "trust", buf_slice(&text));
	put(folder_path, "prints/tool.yaml", SLICE("x: 1\n"));
	config = (struct bundle_config){.trust = trust_path, .store = store_path, .folder = "", .given = true};
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/postern-bundle-%d", (int)getpid());
	(void)snprintf(trust_path, sizeof(trust_path), "%s/trust", top);
	(void)snprintf(store_path, sizeof(store_path), "%s/store", top);
	(void)snprintf(folder_path, sizeof(folder_path), "%s/folder", top);
	now = time(NULL);
	(void)umask(022);
	for (size_t i = 0; i < ARRAY_LEN(key); i++) {
		assert_int_equal(ed25519_new(key[i].seed), 0);
		key[i].signer = (struct tlog_signer){.name = slice_str(key_name[i]), .sign = sign_with, .arg = &key[i]};
		assert_int_equal(ed25519_public(key[i].seed, key[i].signer.public), 0);
	}
	return mkdir(top, 0755);
}

static int teardown(void **state)
{
	(void)state;
	return path_remove(AT_FDCWD, top);
}

/* What is in force, or 0. */
static uint64_t in_force(void)
{
	struct bundle_held h;
	struct err err = {0};
	int r = bundle_current(&config, &h, &err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		fail_msg("%s", err.text);
	_cleanup_buf_ struct buf text = BUF(1 << 20);
	for (size_t i = 0; i < h.head.n; i++) {
		char name[BUNDLE_NAME_MAX + 1];
		assert_true(slice_copy(h.head.file[i].name, name, sizeof(name)));
		if (bundle_held_read(&h, name, &text, &err) < 0)
			fail_msg("%s", err.text);
	}
	uint64_t v = h.head.version;
	bundle_held_free(&h);
	return v;
}

static void taken(struct slice bundle)
{
	struct err err = {0};
	bool changed;
	if (bundle_install(&config, bundle, &changed, &err) < 0)
		fail_msg("%s", err.text);
}

static void refused(struct slice bundle, int code, const char *says)
{
	struct err err = {0};
	bool changed = false;
	uint64_t before = in_force();
	int r = bundle_install(&config, bundle, &changed, &err);
	if (r != code || !strstr(err.text, says) || changed)
		fail_msg("%d instead of %d, and \"%s\" instead of \"%s\"", r, code, err.text, says);
	assert_int_equal(in_force(), before);
}

/* ---- The form ---- */

static void times(void **state)
{
	static const struct {
		const char *text;
		bool day;
		int64_t t; /* -1: none */
	} rows[] = {{"1970-01-01T00:00:00Z", false, 0}, {"2026-11-26T06:17:40Z", false, 1795673860}, {"2026-11-26", true, 1795651200},
	        {"2026-11-26", false, -1}, {"2024-02-29T00:00:00Z", false, 1709164800}, {"2023-02-29T00:00:00Z", false, -1},
	        {"2100-02-29T00:00:00Z", false, -1}, {"2000-02-29T00:00:00Z", false, 951782400},
	        {"9999-12-31T23:59:59Z", false, STATEMENT_TIME_MAX}, {"1969-12-31T23:59:59Z", false, -1},
	        {"2026-13-01T00:00:00Z", false, -1}, {"2026-00-01T00:00:00Z", false, -1}, {"2026-01-32T00:00:00Z", false, -1},
	        {"2026-01-01T24:00:00Z", false, -1}, {"2026-01-01T00:60:00Z", false, -1}, {"2026-01-01T00:00:60Z", false, -1},
	        {"2026-01-01T00:00:00", false, -1}, {"2026-01-01T00:00:00Zx", false, -1}, {"2026-1-01T00:00:00Z", false, -1},
	        {"+026-01-01T00:00:00Z", false, -1}, {"", true, -1}};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t t = -1;
		char back[21];
		bool good = statement_time_parse(slice_str(rows[i].text), rows[i].day, &t);
		if (good != (rows[i].t >= 0) || t != rows[i].t)
			fail_msg("%s: %lld", rows[i].text, (long long)t);
		if (!good)
			continue;
		statement_time_write(t, back);
		assert_memory_equal(back, rows[i].text, strlen(rows[i].text));
	}
}

#define HEAD "postern.bundle/v1\norganisation example.com\ntrust 1\nversion 7\nfrom 2026-01-01T00:00:00Z\nexpires 2027-01-01T00:00:00Z\n"
#define SHA  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define A    "file " SHA " 2 a\n"
#define BODY "\n==> a <==\nxy"

static void forms(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *says; /* NULL: it is good */
	} rows[] = {
	        {HEAD A "\n" BODY, 0, NULL},
	        {HEAD A "file " SHA " 0 b\n\n" BODY "\n==> b <==\n", 0, NULL},
	        {HEAD A "file " SHA " 11 b/c\n\n" BODY "\n==> b/c <==\n\n==> a <==", 0, "ends too early"},
	        {HEAD A "file " SHA " 10 b/c\n\n" BODY "\n==> b/c <==\n\n==> a <==", 0, NULL},
	        {"", 0, "empty"},
	        {"\n", 0, "does not begin"},
	        {HEAD A, 0, "ends too early"},
	        {HEAD A "\n", 0, "does not stand"},
	        {HEAD A "\n\n==> a <==\nx", 0, "ends too early"},
	        {HEAD A "\n" BODY "z", 0, "more than"},
	        {HEAD A "\n" BODY "\n", 0, "more than"},
	        {HEAD A "\n\n==> b <==\nxy", 0, "does not stand"},
	        {HEAD "\n" BODY, 7, "ends before"},
	        {HEAD A A "\n" BODY, 8, "each once"},
	        {HEAD "file " SHA " 2 b\n" A "\n" BODY, 8, "in the order"},
	        {HEAD A "file " SHA " 2 a-b\nfile " SHA " 2 a/b\n\n", 9, "a folder too"},
	        {HEAD "file " SHA " 2 ../a\n\n" BODY, 7, "a name that"},
	        {HEAD "file " SHA " 2 /a\n\n" BODY, 7, "a name that"},
	        {HEAD "file " SHA " 2 .note\n\n" BODY, 7, "a name that"},
	        {HEAD "file " SHA " 2 a/./b\n\n" BODY, 7, "a name that"},
	        {HEAD "file " SHA " 2 a/\n\n" BODY, 7, "a name that"},
	        {HEAD "file " SHA " 2 a//b\n\n" BODY, 7, "a name that"},
	        {HEAD "file " SHA " 2 a b\n\n" BODY, 7, "a name that"},
	        {HEAD "file " SHA " 2 a/b/c/d/e\n\n" BODY, 7, "a name that"},
	        {HEAD "file " SHA " 02 a\n\n" BODY, 7, "a name that"},
	        {HEAD "file " SHA " -2 a\n\n" BODY, 7, "a name that"},
	        {HEAD "file " SHA " 18446744073709551618 a\n\n" BODY, 7, "a name that"},
	        {HEAD "file 0123 2 a\n\n" BODY, 7, "a name that"},
	        {"postern.bundle/v2\n" HEAD A "\n" BODY, 1, "does not begin"},
	        {"postern.bundle/v1\norganisation Example\n\n", 2, "has only"},
	        {"postern.bundle/v1\norganisation e\ntrust 0\n\n", 3, "no number"},
	        {"postern.bundle/v1\norganisation e\ntrust 1\nversion 9007199254740992\n\n", 4, "too large"},
	        {"postern.bundle/v1\norganisation e\ntrust 1\nversion 18446744073709551615\n\n", 4, "too large"},
	        {"postern.bundle/v1\norganisation e\ntrust 1\nversion 07\n\n", 4, "no number"},
	        {"postern.bundle/v1\norganisation e\ntrust 1\nversion 7\nfrom 2026-01-01T00:00:00Z\nexpires never\n\n", 6, "no time"},
	        {"postern.bundle/v1\norganisation e\ntrust 1\nversion 7\nfrom 2026-01-01T00:00:00Z\nexpires 2026-01-01T00:00:00Z\n\n", 6,
	                "before it begins"},
	        {"postern.bundle/v1\norganisation e\nversion 7\n\n", 3, "another line"},
	        {HEAD "\xe2\x80\x94 a AAAAAAA=\n\n" BODY, 7, "another line"},
	};
	(void)state;
	_cleanup_free_ struct bundle_file *file = calloc(BUNDLE_FILES, sizeof(*file));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bundle b = {.file = file};
		struct bundle_fault fault = {0};
		int r = bundle_parse(slice_str(rows[i].text), &b, &fault);
		if ((r < 0) != (rows[i].says != NULL) || (r < 0 && (!strstr(fault.why, rows[i].says) || fault.line != rows[i].line)))
			fail_msg("row %zu: %d, line %u, %s", i, r, fault.line, fault.why ? fault.why : "good");
	}
}

static void trusts(void **state)
{
	_cleanup_buf_ struct buf one = BUF(TRUST_MAX), other = BUF(TRUST_MAX), twice = BUF(TRUST_MAX);
	struct trust t, next;
	struct err err = {0};
	(void)state;
	make_trust(&one, 1, 2, "abc", "");
	assert_int_equal(trust_read(buf_slice(&one), "it", &t, &err), 0);
	static const struct {
		uint64_t version;
		unsigned threshold;
		const char *keys, *by, *says; /* NULL: it may follow */
	} rows[] = {
	        {2, 2, "bcd", "abd", NULL}, /* two of the old ones, two of the new ones; b is of both */
	        {2, 2, "bcd", "bc", NULL},
	        {2, 2, "bcd", "ab", "1 of the 2 signatures that it itself"},
	        {2, 2, "bcd", "bd", "1 of the 2 signatures that the trust before"},
	        {2, 1, "d", "d", "0 of the 2 signatures that the trust before"},
	        {2, 1, "d", "ab", "0 of the 1 signatures that it itself"},
	        {2, 1, "d", "abd", NULL},
	        {2, 2, "bcd", "", "not signed"},
	        {1, 2, "abc", "abc", "may not follow"},
	        {3, 2, "abc", "abc", "may not follow"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&other);
		make_trust(&other, rows[i].version, rows[i].threshold, rows[i].keys, rows[i].by);
		err = (struct err){0};
		int r = trust_follow(&t, buf_slice(&other), "it", &next, &err);
		if ((r == 0) != (rows[i].says == NULL) || (r < 0 && !strstr(err.text, rows[i].says)))
			fail_msg("row %zu: %d %s", i, r, err.text);
	}
	/* The same key twice, under another name too, would count twice. */
	buf_str_add(&twice, "postern.trust/v1\norganisation example.com\nversion 1\nthreshold 2\nexpires never\nkey ");
	tlog_vkey_add(&twice, SLICE("example.com/a"), TLOG_ED25519, key[0].signer.public);
	buf_str_add(&twice, "\nkey ");
	tlog_vkey_add(&twice, SLICE("example.com/z"), TLOG_ED25519, key[0].signer.public);
	buf_u8(&twice, '\n');
	assert_int_equal(trust_read(buf_slice(&twice), "it", &next, &err), -EINVAL);
	assert_non_null(strstr(err.text, "is there twice"));
	static const char *const bad[] = {"postern.trust/v1\norganisation example.com\nversion 1\nthreshold 0\nexpires never\n",
	        "postern.trust/v1\norganisation example.com\nversion 1\nthreshold 1\nexpires never\n",
	        "postern.trust/v1\norganisation example.com\nversion 1\nthreshold 17\nexpires never\n", "", "x"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(trust_read(slice_str(bad[i]), "it", &next, &err), -EINVAL);
}

/* ---- Attacks ---- */

static void signatures(void **state)
{
	_cleanup_buf_ struct buf b = BUF(BUNDLE_MAX), other = BUF(BUNDLE_MAX);
	(void)state;
	fresh();
	make(&b, (struct wanted){.version = 7, .by = ""});
	refused(buf_slice(&b), -EKEYREJECTED, "not signed");
	make(&b, (struct wanted){.version = 7, .by = "a"});
	refused(buf_slice(&b), -EKEYREJECTED, "1 of the 2 signatures");
	make(&b, (struct wanted){.version = 7, .by = "de"});
	refused(buf_slice(&b), -EKEYREJECTED, "0 of the 2 signatures");
	make(&b, (struct wanted){.version = 7, .by = "ade"});
	refused(buf_slice(&b), -EKEYREJECTED, "1 of the 2 signatures");
	/* One key's signature twice counts once: its line is doubled by hand. */
	make(&b, (struct wanted){.version = 7, .by = "a"});
	size_t at = slice_find(buf_slice(&b), SLICE("\xe2\x80\x94 "), 0), end = slice_chr(buf_slice(&b), '\n', at) + 1;
	buf_add(&other, slice_sub(buf_slice(&b), 0, end));
	buf_add(&other, slice_sub(buf_slice(&b), at, end - at));
	buf_add(&other, slice_from(buf_slice(&b), end));
	refused(buf_slice(&other), -EKEYREJECTED, "1 of the 2 signatures");
	/* A bad one by a key that counts says that somebody changed something. */
	make(&b, (struct wanted){.version = 7});
	at = slice_find(buf_slice(&b), SLICE("expires "), 0);
	b.p[at + 8] = '3';
	refused(buf_slice(&b), -EKEYREJECTED, "bad signature");
	assert_int_equal(in_force(), 0);
	make(&b, (struct wanted){.version = 7, .by = "ca"});
	taken(buf_slice(&b));
	assert_int_equal(in_force(), 7);
}

static void contents(void **state)
{
	_cleanup_buf_ struct buf b = BUF(BUNDLE_MAX), cut = BUF(BUNDLE_MAX);
	struct err err = {0};
	bool changed;
	(void)state;
	fresh();
	make(&b, (struct wanted){.version = 6});
	taken(buf_slice(&b));
	make(&b, (struct wanted){.version = 7});
	/* Cut anywhere, or with any byte another, it is refused, and what is in force stays. */
	for (size_t n = 0; n < b.n; n++)
		assert_true(bundle_install(&config, slice_sub(buf_slice(&b), 0, n), &changed, &err) < 0);
	for (size_t i = 0; i < b.n; i++) {
		buf_reset(&cut);
		buf_add(&cut, buf_slice(&b));
		cut.p[i] ^= 1;
		int r = bundle_install(&config, buf_slice(&cut), &changed, &err);
		/* In the name or the bytes of a signature it may become one that is nobody's; there are two, and both are needed. */
		if (r == 0)
			fail_msg("taken with byte %zu changed", i);
	}
	assert_int_equal(in_force(), 6);
	make(&b, (struct wanted){.version = 7, .policy = "organisation: example.com\n"});
	refused(buf_slice(&b), -EINVAL, "needs \"organisation\" and \"version\"");
	make(&b, (struct wanted){.version = 7, .policy = ""});
	refused(buf_slice(&b), -EINVAL, "policy.yaml:1");
	make(&b, (struct wanted){.version = 7, .policy = "organisation: other.com\nversion: 1\n"});
	refused(buf_slice(&b), -EINVAL, "policy.yaml is of other.com");
	make(&b, (struct wanted){.version = 7, .policy = POLICY("1") "expires: 2099-01-01\n"});
	refused(buf_slice(&b), -EINVAL, "has no \"expires\"");
	make(&b, (struct wanted){.version = 7, .organisation = "other.com"});
	refused(buf_slice(&b), -EKEYREJECTED, "a bundle of other.com");
	put(folder_path, "exceptions/x.note", SLICE("postern.exception/v1\n"));
	make(&b, (struct wanted){.version = 7});
	refused(buf_slice(&b), -EINVAL, "exceptions/x.note");
	refused(SLICE("<html>404</html>"), -EINVAL, "no bundle");
	refused(SLICE_NONE, -EINVAL, "it is empty");
}

static int check_calls;
static int check_no(void *arg, int dir, const char *path, struct err *err)
{
	struct stat st;
	(void)arg;
	(void)path;
	check_calls++;
	assert_int_equal(fstatat(dir, "prints/tool.yaml", &st, 0), 0);
	return err_set(err, -EINVAL, "prints/tool.yaml is no print");
}

static void versions(void **state)
{
	_cleanup_buf_ struct buf b = BUF(BUNDLE_MAX), seven = BUF(BUNDLE_MAX);
	struct err err = {0};
	bool changed;
	(void)state;
	fresh();
	make(&seven, (struct wanted){.version = 7});
	taken(buf_slice(&seven));
	/* Recorded from the first one on. */
	struct bundle_state s;
	int store = bundle_store_open(&config, false, &err);
	assert_int_equal(bundle_state_read(store, &s, &err), 0);
	close(store);
	assert_true(s.version == 7 && s.trust == 1 && s.clock >= now && strcmp(s.organisation, "example.com") == 0);
	make(&b, (struct wanted){.version = 6});
	refused(buf_slice(&b), -ESTALE, "an older one is not taken");
	assert_int_equal(bundle_install(&config, buf_slice(&seven), &changed, &err), 0);
	assert_false(changed);
	/* Another with the same number. */
	make(&b, (struct wanted){.version = 7, .policy = POLICY("2")});
	refused(buf_slice(&b), -EXDEV, "has signed two");
	/* A leap that would use up all numbers. */
	make(&b, (struct wanted){.version = BUNDLE_VERSION_MAX});
	refused(buf_slice(&b), -ERANGE, "leaps ahead");
	make(&b, (struct wanted){.version = 8 + BUNDLE_JUMP_MAX});
	refused(buf_slice(&b), -ERANGE, "leaps ahead");
	/* What the caller refuses is not recorded either. */
	config.check = check_no;
	make(&b, (struct wanted){.version = 8});
	refused(buf_slice(&b), -EINVAL, "is no print");
	assert_int_equal(check_calls, 1);
	config.check = NULL;
	make(&b, (struct wanted){.version = 8, .policy = POLICY("9")});
	taken(buf_slice(&b));
	assert_int_equal(in_force(), 8);
	refused(buf_slice(&seven), -ESTALE, "an older one is not taken");
	/* Without its record it is still known by what is in force; and without what is in force, by its record. */
	char path[200];
	(void)snprintf(path, sizeof(path), "%s/state", store_path);
	wipe(path);
	refused(buf_slice(&seven), -ESTALE, "an older one is not taken");
	make(&b, (struct wanted){.version = 9});
	taken(buf_slice(&b));
	(void)snprintf(path, sizeof(path), "%s/current", store_path);
	wipe(path);
	struct bundle_held h;
	assert_int_equal(bundle_current(&config, &h, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "install it again"));
	assert_int_equal(bundle_install(&config, buf_slice(&seven), &changed, &err), -ESTALE);
	taken(buf_slice(&b));
	assert_int_equal(in_force(), 9);
	/* A state that cannot be read is no reason to take anything. */
	put(store_path, "state", SLICE("postern.bundle.state/v1\norganisation example.com\n"));
	assert_int_equal(bundle_install(&config, buf_slice(&b), &changed, &err), -EINVAL);
	assert_non_null(strstr(err.text, "is damaged"));
}

static void clocks(void **state)
{
	_cleanup_buf_ struct buf b = BUF(BUNDLE_MAX);
	struct bundle_state s;
	struct err err = {0};
	struct bundle_held h;
	bool back;
	(void)state;
	fresh();
	make(&b, (struct wanted){.version = 7, .from = now - 9 * DAY, .expires = now - DAY});
	refused(buf_slice(&b), -ESTALE, "it has expired");
	make(&b, (struct wanted){.version = 7, .from = now + DAY, .expires = now + 2 * DAY});
	refused(buf_slice(&b), -EAGAIN, "the clock of this machine");
	make(&b, (struct wanted){.version = 7, .from = now + BUNDLE_SKEW / 2, .expires = now + 5 * DAY});
	taken(buf_slice(&b));
	assert_int_equal(in_force(), 7);
	assert_true(bundle_time(&config, false, &back) >= now && !back);
	/* The clock was ten days ahead of now, and somebody turned it back: what had expired stays expired. */
	int store = bundle_store_open(&config, false, &err);
	assert_int_equal(bundle_state_read(store, &s, &err), 0);
	assert_true(s.clock >= now);
	s.clock = now + 10 * DAY;
	assert_int_equal(bundle_state_write(store, &s, &err), 0);
	assert_int_equal(bundle_time(&config, false, &back), now + 10 * DAY);
	assert_true(back);
	assert_int_equal(bundle_current(&config, &h, &err), 0);
	assert_true(h.expired && h.clock_back);
	bundle_held_free(&h);
	make(&b, (struct wanted){.version = 8, .expires = now + 9 * DAY});
	refused(buf_slice(&b), -ESTALE, "it has expired");
	assert_int_equal(bundle_time_forget(&config, &err), 0);
	assert_true(bundle_time(&config, false, &back) < now + DAY && !back);
	taken(buf_slice(&b));
	close(store);
	/* In a process it goes on by itself. */
	struct bundle_clock c;
	bundle_clock_start(&c, now + 5 * DAY);
	assert_true(bundle_clock_now(&c) >= now + 5 * DAY);
	bundle_clock_start(&c, 0);
	assert_true(bundle_clock_now(&c) >= now);
}

static void new_trust(void **state)
{
	_cleanup_buf_ struct buf b = BUF(BUNDLE_MAX), old = BUF(BUNDLE_MAX), two = BUF(TRUST_MAX), three = BUF(TRUST_MAX);
	(void)state;
	fresh();
	make(&old, (struct wanted){.version = 900, .by = "bc"});
	taken(buf_slice(&old));
	/* It does not carry the trust that it says it is signed by. */
	make(&b, (struct wanted){.version = 1, .trust = 2, .by = "cd"});
	refused(buf_slice(&b), -EKEYREJECTED, "does not carry trust/2");
	/* Signed by the new keys alone. */
	make_trust(&two, 2, 2, "cde", "cde");
	put(folder_path, "trust/2", buf_slice(&two));
	make(&b, (struct wanted){.version = 1, .trust = 2, .by = "cd"});
	refused(buf_slice(&b), -EKEYREJECTED, "1 of the 2 signatures that the trust before");
	/* As it should be; and the numbers may begin anew: this is how one recovers from a leap. */
	buf_reset(&two);
	make_trust(&two, 2, 2, "cde", "bcd");
	put(folder_path, "trust/2", buf_slice(&two));
	make(&b, (struct wanted){.version = 1, .trust = 2, .by = "ab"});
	refused(buf_slice(&b), -EKEYREJECTED, "0 of the 2 signatures");
	make(&b, (struct wanted){.version = 1, .trust = 2, .by = "ce"});
	taken(buf_slice(&b));
	assert_int_equal(in_force(), 1);
	/* What the old keys signed counts no more, however large its number. */
	make(&old, (struct wanted){.version = 901, .by = "bc"});
	refused(buf_slice(&old), -ESTALE, "an older one is not taken");
	/* From then on the trust is known, and need not be carried. */
	wipe(folder_path);
	make(&b, (struct wanted){.version = 2, .trust = 2, .by = "de"});
	taken(buf_slice(&b));
	/* Who was away for long follows through all of them. */
	fresh();
	make(&old, (struct wanted){.version = 900, .by = "bc"});
	taken(buf_slice(&old));
	make_trust(&three, 3, 1, "e", "dce");
	put(folder_path, "trust/2", buf_slice(&two));
	put(folder_path, "trust/3", buf_slice(&three));
	make(&b, (struct wanted){.version = 5, .trust = 3, .by = "e"});
	taken(buf_slice(&b));
	assert_int_equal(in_force(), 5);
	/* The administrator puts a later one in place by hand, after all keys were lost. */
	buf_reset(&three);
	make_trust(&three, 4, 1, "a", "");
	put(top, "trust", buf_slice(&three));
	assert_int_equal(in_force(), 5);
	wipe(folder_path);
	make(&b, (struct wanted){.version = 1, .trust = 4, .by = "a"});
	taken(buf_slice(&b));
	assert_int_equal(in_force(), 1);
}

static void places(void **state)
{
	_cleanup_buf_ struct buf b = BUF(BUNDLE_MAX);
	struct err err = {0};
	bool changed;
	(void)state;
	fresh();
	make(&b, (struct wanted){.version = 7});
	assert_int_equal(chmod(trust_path, 0666), 0);
	refused(buf_slice(&b), -EACCES, "may be written by others");
	wipe(trust_path);
	refused(buf_slice(&b), -ENOENT, "cannot read the trust");
	fresh();
	taken(buf_slice(&b));
	/* A file of it that was changed on the disk is noticed, and the same bundle mends it. */
	struct bundle_held h;
	_cleanup_buf_ struct buf text = BUF(1 << 20);
	char path[200];
	(void)snprintf(path, sizeof(path), "%s/current", store_path);
	put(path, "policy.yaml", SLICE("organisation: example.com\n"));
	assert_int_equal(bundle_current(&config, &h, &err), 0);
	assert_int_equal(bundle_held_read(&h, "policy.yaml", &text, &err), -EBADMSG);
	assert_int_equal(bundle_held_read(&h, "nothing", &text, &err), -ENOENT);
	bundle_held_free(&h);
	put(path, ".note", SLICE("junk"));
	assert_int_equal(bundle_current(&config, &h, &err), -EBADMSG);
	assert_int_equal(bundle_install(&config, buf_slice(&b), &changed, &err), 0);
	assert_true(changed);
	assert_int_equal(in_force(), 7);
	assert_int_equal(chmod(store_path, 0777), 0);
	assert_int_equal(bundle_current(&config, &h, &err), -EACCES);
}

/* A person's own policy holds under a bundle as it does under a file of the organisation. */
static void person(void **state)
{
	_cleanup_buf_ struct buf b = BUF(BUNDLE_MAX);
	char home[128];
	struct policy_problems problems = {0};
	struct policy_tool t = {.tool = SLICE("crush"), .account = SLICE("alice")};
	struct policy_tool_decision d;
	struct policy *p;
	struct err err = {0};
	(void)state;
	fresh();
	make(&b, (struct wanted){.version = 7, .policy = "organisation: example.com\nversion: 1\ntools: {default: permit}\n"});
	taken(buf_slice(&b));
	(void)snprintf(home, sizeof(home), "%s/home", top);
	put(home, ".config/postern/policy.yaml", SLICE("tools: {default: permit, rules: [{tool: crush, verdict: ban}]}\n"));
	assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
	struct policy_load from = {.bundle = &config, .no_project = true, .state = "", .vars = {.home = home}};
	if (policy_load(&from, &p, &problems, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(policy_settings(p)->layer[POLICY_ORGANISATION].is_there);
	assert_true(policy_settings(p)->layer[POLICY_PERSON].is_there);
	policy_tool(p, &t, &d);
	assert_int_equal(d.verdict, POLICY_TOOL_BAN);
	policy_free(p);
	policy_problems_free(&problems);
}

/* ---- Crashes ---- */

static size_t folders(void)
{
	DIR *d = opendir(store_path);
	size_t n = 0;
	for (struct dirent *e; d && (e = readdir(d));)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && e->d_type == DT_DIR;
	closedir(d);
	return n;
}

/* Installs in a child that ends before its step-th call that changes the disk. True: it got to the end. */
static bool crashes(struct slice bundle, int at)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		bool changed;
		crash_at = at;
		watching = true;
		int r = bundle_install(&config, bundle, &changed, NULL);
		_exit(unsynced ? 3 : r == 0 && changed ? 0 : 2);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != CRASHED)
		fail_msg("step %d: %s", at,
		        WEXITSTATUS(status) == 3 ? "something was put in place before it was on the disk" : "not installed");
	return WEXITSTATUS(status) == 0;
}

static void crash(void **state)
{
	struct buf b[3] = {BUF(BUNDLE_MAX), BUF(BUNDLE_MAX), BUF(BUNDLE_MAX)};
	struct err err = {0};
	bool changed, done = false;
	int seen_old = 0, seen_new = 0;
	(void)state;
	fresh();
	for (size_t i = 0; i < 3; i++)
		make(&b[i], (struct wanted){.version = 6 + i, .policy = i == 1 ? POLICY("2") : POLICY("3")});
	/* before: how many are in force one after the other when the crash comes */
	for (size_t before = 0; before < 3; before++, done = false)
		for (int at = 0; !done; at++) {
			assert_true(at < 500);
			wipe(store_path);
			for (size_t i = 0; i < before; i++)
				taken(buf_slice(&b[i]));
			done = crashes(buf_slice(&b[before]), at);
			uint64_t got = in_force();
			/* The old one, whole, or the new one, whole. */
			if (got != (before ? 5 + before : 0) && got != 6 + before)
				fail_msg("after step %d version %llu is in force", at, (unsigned long long)got);
			seen_new += got == 6 + before;
			seen_old += got != 6 + before;
			/* The one before: still in force, or refused; recorded is the new one in some of the steps where the old is in
			 * force. */
			if (before && bundle_install(&config, buf_slice(&b[before - 1]), &changed, &err) == 0)
				assert_true(got == 5 + before && !changed);
			if (before > 1)
				assert_int_equal(bundle_install(&config, buf_slice(&b[0]), &changed, &err), -ESTALE);
			/* And it can be had after all. */
			if (bundle_install(&config, buf_slice(&b[before]), &changed, &err) < 0)
				fail_msg("after step %d: %s", at, err.text);
			assert_int_equal(in_force(), 6 + before);
			assert_true(folders() <= 2);
		}
	for (size_t i = 0; i < 3; i++)
		buf_free(&b[i]);
	print_message("%d steps left the old one in force, %d the new one\n", seen_old, seen_new);
	assert_true(seen_old > 30 && seen_new > 5);
}

/* Each of those calls fails once: the old one is in force or the new one, and the new one can be had when the disk is well again. */
static void failures(void **state)
{
	_cleanup_buf_ struct buf old = BUF(BUNDLE_MAX), new = BUF(BUNDLE_MAX);
	struct err err = {0};
	bool changed, failed = true;
	size_t told = 0;
	(void)state;
	fresh();
	make(&old, (struct wanted){.version = 6});
	make(&new, (struct wanted){.version = 7, .policy = POLICY("2")});
	for (int at = 0; failed; at++) {
		assert_true(at < 500);
		wipe(store_path);
		taken(buf_slice(&old));
		steps = 0;
		fail_at = at;
		int r = bundle_install(&config, buf_slice(&new), &changed, &err);
		failed = steps > at;
		fail_at = -1;
		uint64_t got = in_force();
		if ((got != 6 && got != 7) || (r == 0 && got != 7))
			fail_msg("call %d: %d, and version %llu", at, r, (unsigned long long)got);
		told += r < 0;
		taken(buf_slice(&new));
		assert_int_equal(in_force(), 7);
		assert_int_equal(bundle_install(&config, buf_slice(&old), &changed, &err), -ESTALE);
		assert_true(folders() <= 2);
	}
	print_message("%zu failures were told\n", told);
	assert_true(told > 15);
}

/* What binds everybody can be read by everybody, whatever the mask of who installed it. */
static void modes(void **state)
{
	static const char *const names[] = {"/..", "", "/current", "/current/prints", "/current/policy.yaml", "/current/prints/tool.yaml",
	        "/current/.note", "/current/.trust", "/state"};
	_cleanup_buf_ struct buf b = BUF(BUNDLE_MAX);
	(void)state;
	char deep[160];
	fresh();
	(void)snprintf(deep, sizeof(deep), "%s/above/store", top);
	config.store = deep;
	make(&b, (struct wanted){.version = 1});
	(void)umask(077);
	taken(buf_slice(&b));
	(void)umask(022);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[200];
		struct stat st;
		(void)snprintf(path, sizeof(path), "%s%s", deep, names[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, S_ISDIR(st.st_mode) ? 0755 : 0644);
	}
}

/* ---- A daemon's thread ---- */

static char drop_path[128];
static bool thread_done;

static void *drops(void *arg)
{
	struct bundle_config c = config;
	size_t *good = arg;
	c.folder = drop_path;
	for (uint64_t v = 1; v <= 12; v++) {
		_cleanup_buf_ struct buf b = BUF(BUNDLE_MAX);
		struct bundle_poll p;
		char name[40];
		make(&b, (struct wanted){.version = v});
		(void)snprintf(name, sizeof(name), "%llu.bundle", (unsigned long long)v);
		put(drop_path, name, buf_slice(&b));
		*good += bundle_poll(&c, &p, NULL) == 0 && p.news == BUNDLE_CHANGED;
		*good += bundle_poll(&c, &p, NULL) == 0 && p.news == BUNDLE_UNCHANGED;
	}
	__atomic_store_n(&thread_done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

/* However many older ones lie about in the folder, and in whatever order it lists them, the newest is found. */
static void many_dropped(void **state)
{
	_cleanup_buf_ struct buf b = BUF(BUNDLE_MAX);
	struct bundle_config c;
	struct bundle_poll p;
	struct err err = {0};
	(void)state;
	fresh();
	(void)snprintf(drop_path, sizeof(drop_path), "%s/many", top);
	assert_int_equal(mkdir(drop_path, 0755), 0);
	c = config;
	c.folder = drop_path;
	make(&b, (struct wanted){.version = 8});
	put(drop_path, "first.bundle", buf_slice(&b));
	make(&b, (struct wanted){.version = 7});
	for (unsigned i = 0; i < 200; i++) {
		char name[40];
		(void)snprintf(name, sizeof(name), "%u.bundle", i);
		put(drop_path, name, i % 2 ? buf_slice(&b) : SLICE("junk"));
	}
	assert_int_equal(bundle_poll(&c, &p, &err), 0);
	assert_int_equal(p.news, BUNDLE_CHANGED);
	assert_int_equal(in_force(), 8);
	make(&b, (struct wanted){.version = 9});
	put(drop_path, "last.bundle", buf_slice(&b));
	assert_int_equal(bundle_poll(&c, &p, &err), 0);
	assert_int_equal(p.news, BUNDLE_CHANGED);
	assert_int_equal(in_force(), 9);
}

/* One thread puts bundle after bundle in force, another loads the policy all the while, and always gets one. */
static void threads(void **state)
{
	pthread_t thread;
	size_t good = 0, loads = 0;
	(void)state;
	fresh();
	(void)snprintf(drop_path, sizeof(drop_path), "%s/drop", top);
	assert_int_equal(mkdir(drop_path, 0755), 0);
	struct policy_load from = {.bundle = &config, .person = "", .no_project = true, .state = "", .vars = {.home = "/home/u"}};
	assert_int_equal(pthread_create(&thread, NULL, drops, &good), 0);
	while (!__atomic_load_n(&thread_done, __ATOMIC_SEQ_CST)) {
		struct policy_problems problems = {0};
		struct policy *p;
		struct err err = {0};
		if (policy_load(&from, &p, &problems, &err) < 0)
			fail_msg("load %zu: %s", loads, err.text);
		loads += policy_settings(p)->layer[POLICY_ORGANISATION].is_there;
		policy_free(p);
		policy_problems_free(&problems);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	print_message("%zu loads beside 12 bundles\n", loads);
	assert_int_equal(good, 24);
	assert_true(loads > 12);
	assert_int_equal(in_force(), 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(times),
	        cmocka_unit_test(forms),
	        cmocka_unit_test(trusts),
	        cmocka_unit_test(signatures),
	        cmocka_unit_test(contents),
	        cmocka_unit_test(versions),
	        cmocka_unit_test(clocks),
	        cmocka_unit_test(new_trust),
	        cmocka_unit_test(places),
	        cmocka_unit_test(person),
	        cmocka_unit_test(crash),
	        cmocka_unit_test(failures),
	        cmocka_unit_test(modes),
	        cmocka_unit_test(many_dropped),
	        cmocka_unit_test(threads),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
