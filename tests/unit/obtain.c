/* The package client against a registry on loopback, hostile archives included. */
#include <archive.h>
#include <archive_entry.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/encode.h"
#include "crypto/digest.h"
#include "sys/jail.h"
#include "obtain/npmrc.h"
#include "obtain/obtain.h"
#include "obtain/unpack.h"
#include "sys/path.h"

#define OUTSIDE "postern-escaped"

struct route {
	const char *path;
	int status;
	const char *header;
	struct slice body;
	unsigned fail; /* answer 500 that many times first */
	bool slow, cut;
};

static struct route routes[64];
static size_t route_count;
static struct arena memory;
static char base[64], folder[64];
static int listener = -1;
static pid_t server;
static unsigned *hits; /* shared: requests, and those that carried a token */

static void answer(int fd)
{
	static unsigned seen[ARRAY_LEN(routes)];
	char in[8192];
	size_t n = 0;
	for (ssize_t got; n < sizeof(in) - 1 && (got = read(fd, in + n, sizeof(in) - 1 - n)) > 0;) {
		n += (size_t)got;
		in[n] = 0;
		if (strstr(in, "\r\n\r\n"))
			break;
	}
	in[n] = 0;
	hits[0]++;
	if (strstr(in, "uthorization: Bearer made-up"))
		hits[1]++;
	for (size_t i = 0; i < route_count; i++) {
		const struct route *r = &routes[i];
		size_t k = strlen(r->path);
		if (strncmp(in, "GET ", 4) != 0 || strncmp(in + 4, r->path, k) != 0 || in[4 + k] != ' ')
			continue;
		if (r->slow)
			sleep(4);
		bool fail = seen[i]++ < r->fail;
		dprintf(fd, "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n", fail ? 500 : r->status,
		        fail ? 0 : r->body.n, r->header ? r->header : "");
		struct slice left = fail ? SLICE_NONE : slice_sub(r->body, 0, r->cut ? r->body.n / 2 : r->body.n);
		for (ssize_t put; left.n && (put = write(fd, left.p, left.n)) > 0;)
			left = slice_from(left, (size_t)put);
		return;
	}
	dprintf(fd, "HTTP/1.1 404 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

static void serve(void)
{
	hits[0] = hits[1] = 0;
	server = fork();
	if (server)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			_exit(1);
		answer(fd);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
}

static void stop(void)
{
	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	server = 0;
}

struct file {
	const char *path, *text;
	int type; /* AE_IFREG if 0 */
	const char *link;
	int mode;
};

static struct slice tgz(const struct file *f, size_t n)
{
	static char block[64u << 20];
	size_t used = 0;
	struct archive *a = archive_write_new();
	archive_write_add_filter_gzip(a);
	archive_write_set_format_pax_restricted(a);
	assert_int_equal(archive_write_open_memory(a, block, sizeof(block), &used), ARCHIVE_OK);
	for (size_t i = 0; i < n; i++) {
		struct archive_entry *e = archive_entry_new();
		size_t len = f[i].text ? strlen(f[i].text) : 0;
		archive_entry_set_pathname(e, f[i].path);
		archive_entry_set_filetype(e, f[i].type ? (unsigned)f[i].type : AE_IFREG);
		archive_entry_set_perm(e, f[i].mode ? (mode_t)f[i].mode : 0644);
		if (f[i].link && f[i].type == AE_IFLNK)
			archive_entry_set_symlink(e, f[i].link);
		else if (f[i].link)
			archive_entry_set_hardlink(e, f[i].link);
		else
			archive_entry_set_size(e, (la_int64_t)len);
		assert_true(archive_write_header(a, e) >= ARCHIVE_WARN);
		if (len)
			assert_int_equal(archive_write_data(a, f[i].text, len), (la_ssize_t)len);
		archive_entry_free(e);
	}
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return arena_copy(&memory, slice_of(block, used));
}

static void route(const char *path, int status, const char *header, struct slice body)
{
	assert_true(route_count < ARRAY_LEN(routes));
	routes[route_count++] = (struct route){.path = path, .status = status, .header = header, .body = body};
}

static const char *sri(struct slice s)
{
	uint8_t sum[DIGEST_MAX];
	_cleanup_buf_ struct buf b = BUF(256);
	assert_int_equal(digest_of(DIGEST_SHA512, s, sum), 0);
	buf_str_add(&b, "sha512-");
	encode_base64(&b, slice_of(sum, 64), false, true);
	return arena_str(&memory, buf_slice(&b));
}

static const char *version(const char *name, const char *v, struct slice archive, const char *integrity, const char *more)
{
	const char *path = arena_fmt(&memory, "/t/%s-%s.tgz", name, v);
	if (archive.n)
		route(path, 200, NULL, archive);
	return arena_fmt(&memory, "\"%s\":{\"name\":\"%s\",\"version\":\"%s\"%s,\"dist\":{\"tarball\":\"%s%s\",\"integrity\":\"%s\"}}", v,
	        name, v, more, base, path + 1, integrity ? integrity : sri(archive));
}

static void package(const char *name, const char *latest, const char *versions)
{
	const char *at = strchr(name, '/');
	const char *path = at ? arena_fmt(&memory, "/%.*s%%2f%s", (int)(at - name), name, at + 1) : arena_fmt(&memory, "/%s", name);
	route(path, 200, NULL,
	        slice_str(arena_fmt(
	                &memory, "{\"name\":\"%s\",\"dist-tags\":{\"latest\":\"%s\"},\"versions\":{%s}}", name, latest, versions)));
}

static struct slice simple(const char *name, const char *v)
{
	const char *json = arena_fmt(&memory, "{\"name\":\"%s\",\"version\":\"%s\",\"bin\":{\"%s\":\"cli.js\"}}", name, v, name);
	struct file f[] = {{.path = "package/package.json", .text = json}, {.path = "package/cli.js", .text = "#!/usr/bin/env node\n"}};
	return tgz(f, 2);
}

static int setup(void **state)
{
	(void)state;
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(sin);
	memory = ARENA(256u << 20);
	route_count = 0;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(listener, 16), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&sin, &n), 0);
	snprintf(base, sizeof(base), "http://127.0.0.1:%d/", ntohs(sin.sin_port));
	snprintf(folder, sizeof(folder), "/tmp/postern-obtain-XXXXXX");
	assert_non_null(mkdtemp(folder));
	setenv("HOME", folder, 1);
	setenv("NPM_CONFIG_REGISTRY", base, 1);
	setenv("NPM_CONFIG_FETCH_TIMEOUT", "1000", 1);
	setenv("npm_config_fetch_retry_mintimeout", "1", 1);
	setenv("no_proxy", "*", 1);
	hits = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stop();
	close(listener);
	munmap(hits, 4096);
	arena_free(&memory);
	(void)path_remove(AT_FDCWD, folder);
	return 0;
}

static int get(const char *subject, struct artefact *a, struct err *err)
{
	struct obtain_options o = {.cache = arena_fmt(&memory, "%s/cache", folder)};
	*err = (struct err){0};
	return obtain(subject, &o, &memory, a, err);
}

static void fails(const char *subject, int code, const char *words)
{
	struct artefact a;
	struct err err;
	int r = get(subject, &a, &err);
	if (r != code || !strstr(err.text, words))
		print_error("%s: %d \"%s\", wanted %d \"%s\"\n", subject, r, err.text, code, words);
	assert_int_equal(r, code);
	assert_int_equal(err.code, code);
	assert_non_null(strstr(err.text, words));
}

static bool has(const struct artefact *a, const char *start)
{
	for (size_t i = 0; a->packages[i]; i++)
		if (strncmp(a->packages[i], start, strlen(start)) == 0)
			return true;
	return false;
}

static bool exists(const struct artefact *a, const char *path)
{
	return access(arena_fmt(&memory, "%s/%s", a->root, path), F_OK) == 0;
}

static void test_plain(void **state)
{
	(void)state;
	struct artefact a;
	struct err err;
	struct slice one = simple("tool", "1.0.0"), two = simple("tool", "1.2.0"), three = simple("tool", "2.0.0-beta.1");
	package("tool", "1.2.0",
	        arena_fmt(&memory, "%s,%s,%s", version("tool", "1.0.0", one, NULL, ""), version("tool", "1.2.0", two, NULL, ""),
	                version("tool", "2.0.0-beta.1", three, NULL, "")));
	serve();
	assert_int_equal(get("npm:tool", &a, &err), 0);
	assert_string_equal(a.version, "1.2.0");
	assert_int_equal(get("npm:tool@<1.2", &a, &err), 0);
	assert_string_equal(a.version, "1.0.0");
	assert_string_equal(a.entry, "node_modules/tool/cli.js");
	assert_false(a.entry_native);
	assert_false(a.install_scripts);
	assert_null(a.native_name);
	assert_string_equal(a.integrity, sri(one));
	char hex[65];
	digest_sha256_hex(one, hex);
	assert_string_equal(a.sha256, hex);
	assert_true(exists(&a, a.entry));
	fails("npm:tool@3.0.0", -ENOENT, "tool has no version 3.0.0");
	fails("npm:tool@nightly", -ENOENT, "no version nightly");
	fails("npm:other@1.0.0", -ENOENT, "no other");
	fails("npm:../x@1", -EINVAL, "neither");
	fails("npm:tool@", -EINVAL, "neither");
	fails("tool", -EINVAL, "neither");

	/* An exact version that is in the cache needs no network. */
	assert_int_equal(get("npm:tool@2.0.0-beta.1", &a, &err), 0);
	unsigned before = hits[0];
	stop();
	assert_int_equal(get("npm:tool@2.0.0-beta.1", &a, &err), 0);
	assert_int_equal(hits[0], before);
	setenv("NPM_CONFIG_FETCH_RETRIES", "0", 1);
	fails("npm:tool@1.9.9", -ETIMEDOUT, "in time");
	unsetenv("NPM_CONFIG_FETCH_RETRIES");
}

/* A damaged cache is mended, from the archive or from the network. */
static void test_cache(void **state)
{
	(void)state;
	struct artefact a;
	struct err err;
	struct slice one = simple("tool", "1.0.0");
	package("tool", "1.0.0", version("tool", "1.0.0", one, NULL, ""));
	serve();
	assert_int_equal(get("npm:tool@1.0.0", &a, &err), 0);
	const char *file = arena_fmt(&memory, "%s/%s", a.root, a.entry);
	int fd = open(file, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	unsigned before = hits[0];
	assert_int_equal(get("npm:tool@1.0.0", &a, &err), 0);
	struct stat st;
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_size, strlen("#!/usr/bin/env node\n"));
	assert_int_equal(hits[0], before);
	/* One more file counts as well. */
	fd = open(arena_fmt(&memory, "%s/node_modules/tool/more.js", a.root), O_WRONLY | O_CREAT, 0644);
	close(fd);
	assert_int_equal(get("npm:tool@1.0.0", &a, &err), 0);
	assert_false(exists(&a, "node_modules/tool/more.js"));

	_cleanup_buf_ struct buf hex = BUF(256);
	uint8_t sum[DIGEST_MAX];
	assert_int_equal(digest_of(DIGEST_SHA512, one, sum), 0);
	encode_hex(&hex, slice_of(sum, 64));
	const char *archive = arena_fmt(&memory, "%s/cache/artefacts/sha512-%s/archive.tgz", folder, buf_str(&hex));
	assert_int_equal(truncate(archive, 20), 0);
	assert_int_equal(get("npm:tool@1.0.0", &a, &err), 0);
	assert_int_equal(hits[0], before + 1);
	assert_int_equal(stat(archive, &st), 0);
	assert_int_equal(st.st_size, one.n);

	/* Two at once, from nothing. */
	assert_int_equal(path_remove(AT_FDCWD, arena_fmt(&memory, "%s/cache", folder)), 0);
	pid_t pids[3];
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(get("npm:tool@1.0.0", &a, &err) == 0 && exists(&a, a.entry) ? 0 : 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		int status;
		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
}

static void test_network(void **state)
{
	(void)state;
	struct artefact a;
	struct err err;
	struct slice one = simple("tool", "1.0.0");
	package("flaky", "1.0.0", version("flaky", "1.0.0", simple("flaky", "1.0.0"), NULL, ""));
	routes[route_count - 1].fail = 2;
	package("down", "1.0.0", "");
	routes[route_count - 1].fail = 99;
	package("slow", "1.0.0", "");
	routes[route_count - 1].slow = true;
	package("badsum", "1.0.0", version("badsum", "1.0.0", one, sri(SLICE("other")), ""));
	package("gone", "1.0.0", version("gone", "1.0.0", SLICE_NONE, sri(one), ""));
	const char *v = version("cut", "1.0.0", one, NULL, "");
	routes[route_count - 1].cut = true;
	package("cut", "1.0.0", v);
	/* The same address under another host name: followed, but the token stays behind. */
	const char *elsewhere = arena_fmt(&memory, "Location: http://localhost%s/t/moved\r\n",
	        strrchr(arena_str(&memory, slice_sub(slice_str(base), 0, strlen(base) - 1)), ':'));
	package("moved", "1.0.0", version("moved", "1.0.0", SLICE_NONE, sri(one), ""));
	route("/t/moved-1.0.0.tgz", 302, elsewhere, SLICE_NONE);
	route("/t/moved", 200, NULL, one);
	route("/to-file", 302, "Location: file:///etc/passwd\r\n", SLICE_NONE);
	route("/noise", 200, NULL, SLICE("<html>hello</html>"));
	route("/private", 401, NULL, SLICE_NONE);
	serve();
	assert_int_equal(get("npm:flaky", &a, &err), 0);
	fails("npm:down", -ENETUNREACH, "status 500");
	fails("npm:badsum", -EBADMSG, "does not match the digest");
	fails("npm:gone", -ENOENT, "no gone@1.0.0");
	fails("npm:cut", -ENETUNREACH, "cannot be fetched");
	fails("npm:to-file", -ENETUNREACH, "cannot be fetched");
	fails("npm:noise", -EBADMSG, "no package document");
	fails("npm:private", -EACCES, "token");
	setenv("NPM_CONFIG_FETCH_RETRIES", "0", 1);
	const char *rc = arena_fmt(&memory, "%s/.npmrc", folder);
	int fd = open(rc, O_WRONLY | O_CREAT, 0600);
	dprintf(fd, "//%s:_authToken=${MADE_UP}\n", base + strlen("http://"));
	close(fd);
	setenv("MADE_UP", "made-up", 1);
	unsigned with = hits[1];
	assert_int_equal(get("npm:moved", &a, &err), 0);
	assert_int_equal(hits[1], with + 2); /* the document and the first address */
	fails("npm:slow", -ETIMEDOUT, "in time");
	unsetenv("NPM_CONFIG_FETCH_RETRIES");
	stop();
	close(listener);
	fails("npm:flaky@9", -ENETUNREACH, "cannot be fetched");
}

static void test_dependencies(void **state)
{
	(void)state;
	struct artefact a;
	struct err err;
	package("tool", "1.0.0",
	        version("tool", "1.0.0", simple("tool", "1.0.0"), NULL,
	                ",\"dependencies\":{\"a\":\"^1.0.0\",\"@s/b\":\"2\",\"in\":\"1\"},\"bundleDependencies\":[\"in\"],"
	                "\"optionalDependencies\":{\"win\":\"1.0.0\",\"musl\":\"1.0.0\",\"missing\":\"1\",\"al\":\"npm:a@1.1.0-x\"},"
	                "\"peerDependencies\":{\"never\":\"1\"},\"peerDependenciesMeta\":{\"never\":{\"optional\":true}}"));
	package("a", "1.2.0",
	        arena_fmt(&memory, "%s,%s,%s", version("a", "1.2.0", simple("a", "1.2.0"), NULL, ""),
	                version("a", "2.0.0", simple("a", "2.0.0"), NULL, ""),
	                version("a", "1.1.0-x", simple("a", "1.1.0-x"), NULL, ",\"os\":[\"linux\"]")));
	package("@s/b", "2.0.0", version("@s/b", "2.0.0", simple("b", "2.0.0"), NULL, ",\"dependencies\":{\"a\":\">=2\",\"c\":\"*\"}"));
	package("c", "1.0.0", version("c", "1.0.0", simple("c", "1.0.0"), NULL, ",\"dependencies\":{\"@s/b\":\"~2.0\",\"a\":\"1.x\"}"));
	package("win", "1.0.0", version("win", "1.0.0", SLICE_NONE, "sha512-", ",\"os\":[\"win32\"]"));
	package("musl", "1.0.0", version("musl", "1.0.0", SLICE_NONE, "sha512-", ",\"os\":[\"!win32\"],\"libc\":[\"musl\"]"));
	package("needy", "1.0.0", version("needy", "1.0.0", simple("needy", "1.0.0"), NULL, ",\"dependencies\":{\"win\":\"1\"}"));
	package("weird", "1.0.0", version("weird", "1.0.0", simple("weird", "1.0.0"), NULL, ",\"dependencies\":{\"../../x\":\"1\"}"));
	package("git", "1.0.0", version("git", "1.0.0", simple("git", "1.0.0"), NULL, ",\"dependencies\":{\"a\":\"git+ssh://x/y\"}"));
	serve();
	assert_int_equal(get("npm:tool@1.0.0", &a, &err), 0);
	assert_true(has(&a, "a@1.2.0 sha512-"));
	assert_true(has(&a, "@s/b@2.0.0"));
	assert_true(has(&a, "c@1.0.0"));
	assert_true(has(&a, "a@1.1.0-x"));
	assert_false(has(&a, "win"));
	assert_false(has(&a, "musl"));
	assert_false(has(&a, "in@"));
	assert_true(exists(&a, "node_modules/al/cli.js"));
	assert_true(exists(&a, "node_modules/@s/b/node_modules/a/cli.js"));
	assert_true(exists(&a, "node_modules/c/cli.js"));
	size_t n = 0;
	while (a.packages[n])
		n++;
	assert_int_equal(n, 6);
	fails("npm:needy", -ENOENT, "not made for linux");
	fails("npm:weird", -EBADMSG, "malformed");
	fails("npm:git", -EBADMSG, "outside of the registry");
}

/* A stub whose program lies in the platform package. */
static void test_native(void **state)
{
	(void)state;
	struct artefact a;
	struct err err;
	_cleanup_buf_ struct buf elf = BUF(32u << 20);
	assert_int_equal(path_read(AT_FDCWD, "/bin/true", &elf), 0);
	struct file stub[] = {{.path = "package/package.json",
	                              .text = "{\"name\":\"nat\",\"version\":\"1.0.0\",\"bin\":{\"nat\":\"bin/"
	                                      "nat.exe\"},\"scripts\":{\"postinstall\":\"touch /tmp/" OUTSIDE "\"}}"},
	        {.path = "package/bin/nat.exe", .text = "echo not installed\n"}};
	package("nat", "1.0.0", version("nat", "1.0.0", tgz(stub, 2), NULL, ",\"optionalDependencies\":{\"nat-linux\":\"1.0.0\"}"));
	/* The archive writer takes strings, and a program has zeros in it: write it by hand. */
	static char block[32u << 20];
	size_t used = 0;
	struct archive *w = archive_write_new();
	archive_write_add_filter_gzip(w);
	archive_write_set_format_ustar(w);
	archive_write_open_memory(w, block, sizeof(block), &used);
	const char *json = "{\"name\":\"nat-linux\",\"version\":\"1.0.0\"}";
	struct slice parts[] = {slice_str(json), buf_slice(&elf)};
	for (size_t i = 0; i < 2; i++) {
		struct archive_entry *e = archive_entry_new();
		archive_entry_set_pathname(e, i ? "package/deep/nat" : "package/package.json");
		archive_entry_set_filetype(e, AE_IFREG);
		archive_entry_set_perm(e, 04600);
		archive_entry_set_size(e, (la_int64_t)parts[i].n);
		archive_write_header(w, e);
		archive_write_data(w, parts[i].p, parts[i].n);
		archive_entry_free(e);
	}
	archive_write_close(w);
	archive_write_free(w);
	struct slice platform = slice_of(block, used);
	package("nat-linux", "1.0.0", version("nat-linux", "1.0.0", platform, NULL, ",\"os\":[\"linux\"]"));
	serve();
	assert_int_equal(get("npm:nat@1.0.0", &a, &err), 0);
	assert_string_equal(a.entry, "node_modules/nat-linux/deep/nat");
	assert_true(a.entry_native);
	assert_true(a.install_scripts);
	assert_string_equal(a.native_name, "nat-linux");
	assert_string_equal(a.native_version, "1.0.0");
	char hex[65];
	digest_sha256_hex(platform, hex);
	assert_string_equal(a.native_sha256, hex);
	struct stat st;
	assert_int_equal(stat(arena_fmt(&memory, "%s/%s", a.root, a.entry), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(access("/tmp/" OUTSIDE, F_OK), -1);
}

static const char *save(const char *name, struct slice s)
{
	const char *path = arena_fmt(&memory, "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, s.p, s.n), (ssize_t)s.n);
	close(fd);
	return path;
}

static void test_tgz(void **state)
{
	(void)state;
	struct artefact a;
	struct err err;
	struct slice one = simple("tool", "1.0.0");
	const char *path = save("x.tgz", one);
	assert_int_equal(get(path, &a, &err), 0);
	assert_int_equal(a.kind, SUBJECT_TGZ);
	assert_string_equal(a.name, "tool");
	assert_string_equal(a.integrity, sri(one));
	fails(save("cut.tgz", slice_sub(one, 0, one.n / 2)), -EBADMSG, "truncated");
	fails(save("text.tgz", SLICE("hello")), -EBADMSG, "no whole gzipped tar");
	fails(save("empty.tgz", SLICE("")), -EBADMSG, "");
	struct file f[] = {{.path = "package/x.js", .text = "1"}};
	fails(save("nojson.tgz", tgz(f, 1)), -EBADMSG, "no package.json");
	struct file g[] = {{.path = "package/package.json", .text = "{\"name\":\"../../x\",\"version\":\"1.0.0\"}"}};
	fails(save("name.tgz", tgz(g, 1)), -EBADMSG, "no valid name");
	struct file h[] = {{.path = "package/package.json", .text = "{\"name\":\"x\",\"version\":\"1.0.0\"}"}};
	fails(save("nobin.tgz", tgz(h, 1)), -ENOENT, "no program");
	struct file k[] = {
	        {.path = "package/package.json", .text = "{\"name\":\"x\",\"version\":\"1.0.0\",\"bin\":\"../../../../bin/sh\"}"}};
	fails(save("out.tgz", tgz(k, 1)), -ENOENT, "no program");
	fails(arena_fmt(&memory, "%s/missing.tgz", folder), -ENOENT, "missing.tgz");
}

static int try_unpack(const struct file *f, size_t n, struct unpack_result *u, struct err *err)
{
	int archive = open(save("u.tgz", tgz(f, n)), O_RDONLY | O_CLOEXEC), dir;
	const char *to = arena_fmt(&memory, "%s/in", folder);
	(void)path_remove(AT_FDCWD, to);
	assert_int_equal(mkdir(to, 0755), 0);
	dir = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*err = (struct err){0};
	int r = unpack(archive, dir, NULL, "it", u, err);
	close(archive);
	close(dir);
	return r;
}

static void test_hostile(void **state)
{
	(void)state;
	static const struct {
		struct file f[2];
		int code;
		const char *words;
	} table[] = {
	        {{{.path = "/tmp/" OUTSIDE}}, -EBADMSG, "absolute"},
	        {{{.path = "package/../../" OUTSIDE}}, -EBADMSG, "\"..\""},
	        {{{.path = "../" OUTSIDE}}, -EBADMSG, "\"..\""},
	        {{{.path = "package/a\nb"}}, -EBADMSG, "control"},
	        {{{.path = "package/a\\b"}}, -EBADMSG, "backslash"},
	        {{{.path = "package/\xff\xfe"}}, -EBADMSG, ""},
	        {{{.path = "package/dev", .type = AE_IFCHR}}, -EBADMSG, "device"},
	        {{{.path = "package/pipe", .type = AE_IFIFO}}, -EBADMSG, "pipe"},
	        {{{.path = "package/a", .text = "1"}, {.path = "package/a/b", .text = "2"}}, -EBADMSG, "folder"},
	        {{{.path = "package/a/b", .text = "1"}, {.path = "package/a", .text = "2"}}, -EBADMSG, "file and a folder"},
	        /* A link to the outside is left out, so that what goes through it lands inside. */
	        {{{.path = "package/l", .type = AE_IFLNK, .link = "/tmp"}, {.path = "package/l/" OUTSIDE, .text = "1"}}, 0, ""},
	        {{{.path = "package/h", .link = "package/../../../etc/passwd"}, {.path = "package/x", .text = "1"}}, 0, ""},
	        {{{.path = "package/s", .text = "1", .mode = 06777}, {.path = "package/d", .type = AE_IFDIR}}, 0, ""},
	        {{{.path = "package/twice", .text = "1"}, {.path = "package/twice", .text = "two"}}, 0, ""},
	        {{{.path = "package/\xc3\xa4.js", .text = "1"}, {.path = "package/A", .text = "a"}}, 0, ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct unpack_result u = {0};
		struct err err;
		int r = try_unpack(table[i].f, table[i].f[1].path ? 2 : 1, &u, &err);
		if (r != table[i].code || (r < 0 && !strstr(err.text, table[i].words)))
			print_error("row %zu: %d \"%s\"\n", i, r, err.text);
		assert_int_equal(r, table[i].code);
		assert_true(r == 0 || strstr(err.text, table[i].words));
		assert_int_equal(access("/tmp/" OUTSIDE, F_OK), -1);
		assert_int_equal(access(arena_fmt(&memory, "%s/" OUTSIDE, folder), F_OK), -1);
		assert_int_equal(u.links, i == 10 || i == 11 ? 1 : 0);
		struct stat st;
		if (i == 12) {
			assert_int_equal(stat(arena_fmt(&memory, "%s/in/s", folder), &st), 0);
			assert_int_equal(st.st_mode & 07777, 0755);
		}
		if (i == 13) {
			assert_int_equal(stat(arena_fmt(&memory, "%s/in/twice", folder), &st), 0);
			assert_int_equal(st.st_size, 3);
		}
		if (i == 14)
			assert_int_equal(stat(arena_fmt(&memory, "%s/in/\xc3\xa4.js", folder), &st), 0);
	}
}

static void test_bomb(void **state)
{
	(void)state;
	size_t n = 100u << 20;
	char *zeros = malloc(n + 1);
	memset(zeros, 'a', n);
	zeros[n] = 0;
	struct file f[] = {{.path = "package/bomb", .text = zeros}};
	struct unpack_result u;
	struct err err;
	assert_int_equal(try_unpack(f, 1, &u, &err), -EFBIG);
	assert_non_null(strstr(err.text, "times its size"));
	free(zeros);
	/* Depth. */
	_cleanup_buf_ struct buf deep = BUF(1000);
	buf_str_add(&deep, "package");
	for (int i = 0; i < 100; i++)
		buf_str_add(&deep, "/d");
	struct file g[] = {{.path = buf_str(&deep), .text = "1"}};
	assert_int_equal(try_unpack(g, 1, &u, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "deeper"));
}

/* What the unpacking process can still do: 0 exit, or the signal that ended it. */
static int jailed(int what)
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status;
	pid_t pid = fork();
	if (pid == 0) {
		if (jail_enter(dir) < 0)
			_exit(9);
		int fd = what == 0   ? path_open(dir, "inside", O_WRONLY | O_CREAT, 0644)
		         : what == 1 ? path_open(AT_FDCWD, "secret", O_RDONLY, 0)
		         : what == 2 ? socket(AF_INET, SOCK_STREAM, 0)
		         : what == 3 ? execl("/bin/true", "true", NULL)
		                     : path_open(dir, "link", O_RDONLY, 0);
		_exit(fd >= 0 ? 0 : 1);
	}
	close(dir);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void test_jail(void **state)
{
	(void)state;
	_cleanup_free_ char *back = getcwd(NULL, 0);
	const char *other = arena_fmt(&memory, "%s-other", folder);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(chdir(other), 0);
	int fd = open("secret", O_WRONLY | O_CREAT, 0600);
	close(fd);
	assert_int_equal(symlink("/etc/passwd", arena_fmt(&memory, "%s/link", folder)), 0);
	assert_int_equal(jailed(0), 0);
	assert_int_equal(jailed(1), -1);
	assert_int_equal(jailed(2), SIGSYS);
	assert_int_equal(jailed(3), SIGSYS);
	assert_int_equal(jailed(4), -1);
	assert_int_equal(chdir(back), 0);
	(void)path_remove(AT_FDCWD, other);
}

/* The order of npm's sources; the project's own file counts for nothing. */
static void test_config(void **state)
{
	(void)state;
	struct npmrc c;
	unsetenv("NPM_CONFIG_REGISTRY");
	const char *here = arena_fmt(&memory, "%s/project", folder);
	assert_int_equal(mkdir(here, 0755), 0);
	save("project/.npmrc", SLICE("registry=http://project.test/\n@x:registry=http://project.test/\n"));
	_cleanup_free_ char *back = getcwd(NULL, 0);
	assert_int_equal(chdir(here), 0);
	save(".npmrc", SLICE("; comment\nregistry = "
	                     "http://user.test/npm\nregistry=\"http://last.test/npm\"\n@s:registry=http://scope.test/${PART}/\n"
	                     "//last.test/npm/:_authToken=${PART}\n//last.test/:_auth=weak\nproxy=null\nfetch-retries=x\n"));
	save("global", SLICE("registry=http://global.test/\ncafile=/global.pem\n"));
	setenv("PART", "p1", 1);
	setenv("NPM_CONFIG_GLOBALCONFIG", arena_fmt(&memory, "%s/global", folder), 1);
	assert_int_equal(npmrc_load(&c, &memory), 0);
	assert_string_equal(npmrc_registry(&c, SLICE("tool")), "http://last.test/npm/");
	assert_string_equal(npmrc_registry(&c, SLICE("@x/tool")), "http://last.test/npm/");
	assert_string_equal(npmrc_registry(&c, SLICE("@s/tool")), "http://scope.test/p1/");
	assert_string_equal(npmrc_get(&c, "cafile"), "/global.pem");
	assert_null(npmrc_get(&c, "proxy"));
	assert_int_equal(npmrc_number(&c, "fetch-retries", 10, 2), 2);
	assert_string_equal(npmrc_authorization(&c, "http://last.test/npm/tool"), "Bearer p1");
	assert_string_equal(npmrc_authorization(&c, "http://last.test/other"), "Basic weak");
	assert_null(npmrc_authorization(&c, "http://last.test.evil.test/npm/tool"));
	setenv("npm_config_REGISTRY", "http://env.test", 1);
	assert_int_equal(npmrc_load(&c, &memory), 0);
	assert_string_equal(npmrc_registry(&c, SLICE("tool")), "http://env.test/");
	unsetenv("npm_config_REGISTRY");
	unsetenv("NPM_CONFIG_GLOBALCONFIG");
	assert_int_equal(chdir(back), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_cache, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_network, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_dependencies, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_native, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_tgz, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_bomb, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_jail, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_config, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
