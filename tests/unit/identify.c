#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>

#include "base/encode.h"
#include "identify/archive.h"
#include "identify/identify_part.h"
#include "identify/learn.h"
#include "parse/elf.h"
#include "sys/path.h"

/* Twenty constants of a made-up tool, "NAME says thing number N of its own". */
static void constant(char out[48], const char *tool, int i)
{
	(void)snprintf(out, 48, "%.8s says thing number %02d of its own", tool, i);
}

static void prints_of(struct buf *b, const char *tool, unsigned need)
{
	buf_fmt(b, "tool: %s\ntitle: The %s\npublisher: Some Vendor\npackages: ['npm:@v/%s', 'pypi:%s']\nneed: %u\n", tool, tool, tool,
	        tool, need);
	buf_str_add(b, "before_version: [{text: ");
	encode_base64(b, SLICE("TOOL_VERSION"), false, true);
	buf_str_add(b, ", least: 1}]\nconstants:\n");
	for (int i = 0; i < 20; i++) {
		char text[48];
		constant(text, tool, i);
		buf_str_add(b, "  - ");
		encode_base64(b, slice_str(text), false, true);
		buf_u8(b, '\n');
	}
}

static struct identify *two_tools(void)
{
	static const char *const names[] = {"alpha.yaml", "beta.yaml"};
	struct buf b[2] = {BUF(65536), BUF(65536)};
	struct slice texts[2];
	struct identify *id = NULL;
	struct err err = {0};
	prints_of(&b[0], "alpha", 5);
	prints_of(&b[1], "beta", 5);
	for (int i = 0; i < 2; i++)
		texts[i] = buf_slice(&b[i]);
	if (identify_of_texts(names, texts, 2, -1, &id, &err) < 0)
		fail_msg("%s", err.text);
	buf_free(&b[0]);
	buf_free(&b[1]);
	return id;
}

static int file_of(struct slice bytes)
{
	int fd = memfd_create("identify", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
	return fd;
}

/* Code that holds constants from..to of a tool, and a version. */
static void code(struct buf *b, const char *tool, int from, int to, const char *version)
{
	for (int i = from; i < to; i++) {
		char text[48];
		constant(text, tool, i);
		buf_fmt(b, "function f%d(a){return a+\"%s\"}\n", i, text);
	}
	if (version)
		buf_fmt(b, "const x={TOOL_VERSION : '%s'};\n", version);
}

static struct identify_match match(const struct identify *id, struct slice bytes, unsigned flags)
{
	struct identify_match m;
	struct err err = {0};
	_cleanup_fd_ int fd = file_of(bytes);
	assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
	if (identify_file(id, fd, flags, &m, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 3);
	return m;
}

static void prints_text(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	_cleanup_buf_ struct buf b = BUF(65536), again = BUF(65536), third = BUF(65536);
	struct prints p, q;
	struct err err = {0};
	prints_of(&b, "alpha", 5);
	assert_int_equal(prints_parse(buf_slice(&b), "a.yaml", &a, &p, &err), 0);
	assert_int_equal(p.n_constants, 20);
	assert_string_equal((const char *)p.constant[3].p, "alpha says thing number 03 of its own");
	p.learned = &(struct prints_source){"1.0.0", "sha512-x"};
	p.n_learned = 1;
	prints_write(&again, &p, "one\ntwo");
	assert_int_equal(prints_parse(buf_slice(&again), "b.yaml", &a, &q, &err), 0);
	prints_write(&third, &q, "one\ntwo");
	assert_string_equal(buf_str(&again), buf_str(&third));
	/* It must not be taken for the tool. */
	assert_true(slice_find(buf_slice(&b), SLICE("thing number"), 0) == SLICE_NPOS);
}

static void prints_mistakes(void **state)
{
	(void)state;
	static const struct {
		const char *text, *said;
	} rows[] = {
	        {"tool: a\ntitle: t\npublisher: p\npackages: ['npm:x']\nneed: 0\n", "p.yaml:1:1: \"need\""},
	        {"tool: A b\ntitle: t\npublisher: p\npackages: ['npm:x']\nneed: 1\n", "p.yaml:1:7: \"tool\""},
	        {"tool: a\ntitle: t\npublisher: p\npackages: [x]\nneed: 1\n", "p.yaml:4:12: a package"},
	        {"tool: a\ntitle: t\npublisher: p\npackages: []\nneed: 1\n", "\"packages\" names none"},
	        {"tool: a\ntitle: t\npublisher: p\npackages: ['npm:x']\nneed: 1\nconstants: [AAAA]\n",
	                "p.yaml:6:13: an item of \"constants\""},
	        {"tool: a\ntitle: t\npublisher: p\npackages: ['npm:x']\nneed: 1\nconstants: ['!']\n", "p.yaml:6:"},
	        {"tool: a\ntitel: t\n", "did you mean \"title\""},
	        {"tool: a\n", "lacks the key"},
	        {"", "p.yaml:1:1"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_arena_ struct arena a = ARENA(1 << 20);
		struct prints p;
		struct err err = {0};
		assert_int_equal(prints_parse(slice_str(rows[i].text), "p.yaml", &a, &p, &err), -EINVAL);
		if (!strstr(err.text, rows[i].said))
			fail_msg("row %zu: %s", i, err.text);
	}
}

static void files(void **state)
{
	(void)state;
	struct identify *id = two_tools();
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	code(&b, "alpha", 0, 4, "9.9.9");
	struct identify_match m = match(id, buf_slice(&b), 0);
	assert_int_equal(m.by, IDENTIFY_BY_NOTHING);
	assert_null(m.tool);
	code(&b, "alpha", 4, 12, NULL);
	code(&b, "beta", 0, 6, "7.7.7");
	m = match(id, buf_slice(&b), IDENTIFY_DIGEST);
	assert_int_equal(m.by, IDENTIFY_BY_CONSTANTS);
	assert_string_equal(m.tool, "alpha");
	assert_string_equal(m.package, "npm:@v/alpha");
	assert_int_equal(m.found, 12);
	assert_int_equal(m.of, 20);
	assert_int_equal(m.form, IDENTIFY_FORM_SCRIPT);
	assert_int_equal(strlen(m.digest), 64);
	assert_non_null(m.example[0]);
	assert_int_equal(match(id, SLICE_NONE, 0).by, IDENTIFY_BY_NOTHING);
	assert_string_equal(identify_package_tool(id, SLICE("pypi:beta")), "beta");
	assert_null(identify_package_tool(id, SLICE("npm:beta")));
	identify_close(id);
}

/* Constants and versions that lie across the borders of windows, wherever these are. */
static void borders(void **state)
{
	(void)state;
	struct identify *id = two_tools();
	for (size_t shift = 0; shift < 180; shift += 7) {
		_cleanup_buf_ struct buf b = BUF(16 << 20), tool = BUF(4096);
		code(&tool, "alpha", 0, 2, "1.22.333-rc.4");
		for (size_t i = 0; i < 6; i++) {
			size_t n = (i + 1) * SCAN_WINDOW - shift - b.n;
			uint8_t *p = buf_room(&b, n);
			assert_non_null(p);
			memset(p, 0, n);
			b.n += n;
			_cleanup_buf_ struct buf part = BUF(4096);
			code(&part, "alpha", (int)i * 2, (int)i * 2 + 2, i == 5 ? "1.22.333-rc.4" : NULL);
			buf_add(&b, buf_slice(&part));
		}
		struct identify_match m = match(id, buf_slice(&b), 0);
		assert_int_equal(m.by, IDENTIFY_BY_CONSTANTS);
		assert_int_equal(m.found, 12);
		assert_string_equal(m.version, "1.22.333-rc.4");
	}
	identify_close(id);
}

/* As Bun keeps programs of which one character is not of Latin 1; at even and odd places, and across windows. */
static void wide(void **state)
{
	(void)state;
	struct identify *id = two_tools();
	for (int big = 0; big < 2; big++)
		for (size_t shift = 0; shift < 9001; shift += 2999) {
			_cleanup_buf_ struct buf b = BUF(16 << 20), text = BUF(1 << 20);
			for (int i = 0; i < 10; i++) {
				for (int k = 0; k < 900; k++)
					buf_str_add(&text, "function nothing(){return that(is)}");
				code(&text, "alpha", i, i + 1, i == 9 ? "4.5.6" : NULL);
			}
			uint8_t *p = buf_room(&b, SCAN_WINDOW - 20000 + shift);
			assert_non_null(p);
			memset(p, 0x90, SCAN_WINDOW - 20000 + shift);
			b.n += SCAN_WINDOW - 20000 + shift;
			for (size_t i = 0; i < text.n; i++)
				buf_be(&b, big ? text.p[i] : (uint64_t)text.p[i] << 8, 2);
			struct identify_match m = match(id, buf_slice(&b), 0);
			assert_string_equal(m.tool, "alpha");
			assert_int_equal(m.found, 10);
			assert_string_equal(m.version, "4.5.6");
		}
	identify_close(id);
}

static void versions(void **state)
{
	(void)state;
	static const struct {
		const char *text, *version;
	} rows[] = {
	        {"{TOOL_VERSION:\"1.2.3\"}", "1.2.3"},
	        {"TOOL_VERSION=`1.2.3-beta.4`", "1.2.3-beta.4"},
	        {"{\\\"TOOL_VERSION\\\": \\\"v1.2.3\\\"", "1.2.3"},
	        {"TOOL_VERSION1.2.3Next constant", "1.2.3"},
	        {"TOOL_VERSION\",aB=\"1.2.3\"", "1.2.3"},
	        {"MIN_TOOL_VERSION:\"1.2.3\"", ""},
	        {"TOOL_VERSION:\"1.2.3.4\"", ""},
	        {"TOOL_VERSION:\"1.2\"", ""},
	        {"TOOL_VERSION:process.env.V", ""},
	        {"TOOL_VERSION:\"1.2.3\",TOOL_VERSION:\"3.2.1\"", ""},
	        {"TOOL_VERSION:\"1.2.3\",TOOL_VERSION:\"3.2.1\",TOOL_VERSION:\"1.2.3\"", "1.2.3"},
	};
	struct identify *id = two_tools();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_buf_ struct buf b = BUF(65536);
		code(&b, "beta", 0, 8, NULL);
		buf_str_add(&b, rows[i].text);
		struct identify_match m = match(id, buf_slice(&b), 0);
		if (strcmp(m.version, rows[i].version) != 0)
			fail_msg("%s: \"%s\"", rows[i].text, m.version);
	}
	identify_close(id);
}

/* ---- folders */

struct folder {
	char path[64];
	int fd;
};

static struct folder folder_new(void)
{
	struct folder f = {.path = "/tmp/postern-identify.XXXXXX"};
	assert_non_null(mkdtemp(f.path));
	f.fd = open(f.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f.fd >= 0);
	return f;
}

static void folder_end(struct folder *f)
{
	assert_int_equal(path_remove(AT_FDCWD, f->path), 0);
	close(f->fd);
}

static void put(const struct folder *f, const char *path, struct slice text)
{
	char dir[256];
	const char *slash = strrchr(path, '/');
	(void)snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 0, path);
	_cleanup_fd_ int at = slash ? path_make(f->fd, dir, 0755) : -1;
	_cleanup_fd_ int fd = openat(f->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.p, text.n), (ssize_t)text.n);
}

static struct identify_match match_tree(const struct identify *id, const struct folder *f)
{
	struct identify_match m;
	struct err err = {0};
	if (identify_tree(id, f->fd, &m, &err) < 0)
		fail_msg("%s", err.text);
	return m;
}

static void trees(void **state)
{
	(void)state;
	struct identify *id = two_tools();
	struct folder f = folder_new();
	_cleanup_buf_ struct buf one = BUF(65536), two = BUF(65536), many = BUF(65536);
	code(&one, "alpha", 0, 4, NULL);
	code(&two, "alpha", 4, 8, NULL);
	code(&many, "beta", 0, 20, "8.8.8");
	put(&f, "dist/one.js", buf_slice(&one));
	/* Neither what is below other packages, nor documents, nor what a link leads to. */
	put(&f, "node_modules/b/index.js", buf_slice(&many));
	put(&f, "README.md", buf_slice(&many));
	put(&f, "dist/a.test.js", buf_slice(&many));
	assert_int_equal(symlinkat("../node_modules/b/index.js", f.fd, "dist/link.js"), 0);
	assert_int_equal(symlinkat("node_modules", f.fd, "linked"), 0);
	assert_int_equal(match_tree(id, &f).by, IDENTIFY_BY_NOTHING);
	put(&f, "dist/two.js", buf_slice(&two));
	struct identify_match m = match_tree(id, &f);
	assert_int_equal(m.by, IDENTIFY_BY_CONSTANTS);
	assert_string_equal(m.tool, "alpha");
	assert_int_equal(m.found, 8);
	assert_string_equal(m.version, "");
	/* Metadata that agree give the version; those of another tool do not count. */
	put(&f, "package.json", SLICE("{\"name\":\"@v/alpha\",\"version\":\"4.5.6-linux-x64\"}"));
	m = match_tree(id, &f);
	assert_string_equal(m.version, "4.5.6");
	put(&f, "package.json", SLICE("{\"name\":\"@v/beta\",\"version\":\"4.5.6\"}"));
	m = match_tree(id, &f);
	assert_string_equal(m.tool, "alpha");
	assert_string_equal(m.version, "");
	assert_int_equal(unlinkat(f.fd, "dist/one.js", 0), 0);
	m = match_tree(id, &f);
	assert_int_equal(m.by, IDENTIFY_BY_METADATA);
	assert_string_equal(m.tool, "beta");
	assert_string_equal(m.package, "npm:@v/beta");
	assert_string_equal(m.version, "4.5.6");
	assert_int_equal(m.found, 0);
	/* What the program says of its version counts more. */
	put(&f, "dist/three.js", buf_slice(&many));
	m = match_tree(id, &f);
	assert_string_equal(m.version, "8.8.8");
	folder_end(&f);
	identify_close(id);
}

static void metadata(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text, *package, *version;
	} rows[] = {
	        {"package.json", "{\"name\":\"@a/b\",\"version\":\"1.2.3\"}", "npm:@a/b", "1.2.3"},
	        {"package.json", "{\"publisher\":\"An\",\"name\":\"Ext\",\"version\":\"2.0.0\",\"engines\":{\"vscode\":\"1\"}}",
	                "vscode:an.ext", "2.0.0"},
	        {"package.json", "{\"name\":\"a\\nb\"}", NULL, NULL},
	        {"package.json", "{\"version\":\"1\"}", NULL, NULL},
	        {"package.json", "[[[[", NULL, NULL},
	        {"METADATA", "Metadata-Version: 2.1\nName: Some_Tool.x\nVersion: 0.9\n\nName: other\n", "pypi:some-tool-x", "0.9"},
	        {"PKG-INFO", "version: 1\n", NULL, NULL},
	        {"other.json", "{\"name\":\"a\"}", NULL, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct metadata m = {0};
		bool is = metadata_read(slice_str(rows[i].name), slice_str(rows[i].text), &m);
		assert_int_equal(is, rows[i].package != NULL);
		if (is) {
			assert_string_equal(m.package, rows[i].package);
			assert_string_equal(m.version, rows[i].version);
		}
	}
}

/* ---- archives */

struct packed {
	const char *path;
	struct slice data;
};

static void pack(struct buf *out, bool zip, bool gzip, const struct packed *files, size_t n)
{
	static uint8_t room[4 << 20];
	size_t used = 0;
	struct archive *a = archive_write_new();
	assert_int_equal(zip ? archive_write_set_format_zip(a) : archive_write_set_format_pax_restricted(a), ARCHIVE_OK);
	if (gzip)
		assert_int_equal(archive_write_add_filter_gzip(a), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(a, room, sizeof(room), &used), ARCHIVE_OK);
	for (size_t i = 0; i < n; i++) {
		struct archive_entry *e = archive_entry_new();
		archive_entry_set_pathname(e, files[i].path);
		archive_entry_set_size(e, (la_int64_t)files[i].data.n);
		archive_entry_set_filetype(e, AE_IFREG);
		archive_entry_set_perm(e, 0644);
		assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
		assert_int_equal(archive_write_data(a, files[i].data.p, files[i].data.n), (la_ssize_t)files[i].data.n);
		archive_entry_free(e);
	}
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	buf_add(out, slice_of(room, used));
}

static void archives(void **state)
{
	(void)state;
	struct identify *id = two_tools();
	_cleanup_buf_ struct buf one = BUF(65536), two = BUF(65536), layer = BUF(8 << 20), image = BUF(8 << 20), zip = BUF(8 << 20);
	code(&one, "alpha", 0, 4, NULL);
	code(&two, "alpha", 4, 12, "3.2.1");
	const struct packed files[] = {
	        {"usr/lib/node_modules/@v/x/cli.js", buf_slice(&one)},
	        {"usr/lib/node_modules/@v/x/lib/more.js", buf_slice(&two)},
	        {"usr/lib/node_modules/@v/x/package.json", SLICE("{\"name\":\"@v/alpha\",\"version\":\"3.2.1\"}")},
	        {"etc/passwd", SLICE("root")},
	};
	pack(&layer, false, true, files, ARRAY_LEN(files));
	assert_int_equal(match(id, buf_slice(&layer), 0).by, IDENTIFY_BY_NOTHING);
	struct identify_match m = match(id, buf_slice(&layer), IDENTIFY_INSIDE | IDENTIFY_DIGEST);
	assert_int_equal(m.by, IDENTIFY_BY_CONSTANTS);
	assert_string_equal(m.tool, "alpha");
	assert_int_equal(m.found, 12);
	assert_string_equal(m.version, "3.2.1");
	assert_int_equal(m.form, IDENTIFY_FORM_ARCHIVE);
	assert_int_equal(strlen(m.digest), 64);
	/* An image: a layer in a tar; and that in a zip. */
	const struct packed layers[] = {{"blobs/sha256/0123", buf_slice(&layer)}, {"manifest.json", SLICE("{}")}};
	pack(&image, false, false, layers, ARRAY_LEN(layers));
	assert_string_equal(match(id, buf_slice(&image), IDENTIFY_INSIDE).tool, "alpha");
	const struct packed images[] = {{"a/image.tar", buf_slice(&image)}};
	pack(&zip, true, false, images, 1);
	assert_string_equal(match(id, buf_slice(&zip), IDENTIFY_INSIDE).tool, "alpha");
	/* Damaged and cut ones are no error, and end. */
	for (size_t cut = 1; cut < layer.n; cut += 1 + layer.n / 16)
		(void)match(id, slice_sub(buf_slice(&layer), 0, cut), IDENTIFY_INSIDE);
	for (size_t at = 20; at < layer.n; at += 1 + layer.n / 16) {
		layer.p[at] ^= 0xff;
		(void)match(id, buf_slice(&layer), IDENTIFY_INSIDE);
	}
	identify_close(id);
}

static void *speak(void *stop)
{
	while (!atomic_load((atomic_bool *)stop))
		(void)strerror(ENOENT);
	return NULL;
}

/* Threads that hold locks of the C library when a process is made for an archive do not hold that process up. */
static void archives_beside_threads(void **state)
{
	(void)state;
	struct identify *id = two_tools();
	_cleanup_buf_ struct buf b = BUF(65536), layer = BUF(1 << 20);
	code(&b, "alpha", 0, 12, "3.2.1");
	pack(&layer, false, true, &(struct packed){"a/cli.js", buf_slice(&b)}, 1);
	pthread_t thread[2];
	atomic_bool stop = false;
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, speak, &stop), 0);
	struct timespec from, to;
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	unsigned found = 0;
	for (int i = 0; i < 20; i++) {
		found += match(id, buf_slice(&layer), IDENTIFY_INSIDE).by == IDENTIFY_BY_CONSTANTS;
		(void)clock_gettime(CLOCK_MONOTONIC, &to);
		if (to.tv_sec - from.tv_sec > 60)
			break; /* the limit for one is two minutes */
	}
	atomic_store(&stop, true);
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(found, 20);
	identify_close(id);
}

/* ---- ELF */

static struct slice program(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(p != MAP_FAILED);
	close(fd);
	return slice_of(p, (size_t)st.st_size);
}

static void elf(void **state)
{
	(void)state;
	struct slice all = program("/proc/self/exe");
	struct elf e;
	assert_false(elf_header(SLICE("\x7f"
	                              "ELF\x02\x01"),
	        6, &e));
	assert_false(elf_header(SLICE("not an ELF file, but long enough to be one, if one does not look at the first bytes"), 100, &e));
	assert_true(elf_header(all, all.n, &e));
	struct slice sections = slice_sub(all, e.sections.at, e.sections.n), segments = slice_sub(all, e.segments.at, e.segments.n);
	struct elf_section names_section = elf_section(&e, sections, e.names);
	struct slice names = slice_sub(all, names_section.data.at, names_section.data.n);
	bool text = false, id_note = false;
	for (size_t i = 0; i < elf_section_count(&e, sections); i++)
		text = text || slice_is(elf_name(names, elf_section(&e, sections, i).name), ".text");
	for (size_t i = 0; i < elf_segment_count(&e, segments); i++) {
		struct elf_segment s = elf_segment(&e, segments, i);
		struct slice rest = slice_sub(all, s.data.at, s.data.n);
		struct elf_note note;
		while (s.type == 4 && elf_note(&e, &rest, &note))
			id_note = id_note || slice_is(note.name, "GNU");
	}
	assert_true(text);
	assert_true(id_note);
	assert_int_equal(elf_end(&e, sections, segments), all.n);
	assert_true(elf_header(all, all.n + 1000, &e));
	assert_int_equal(elf_end(&e, sections, segments), all.n);
	/* However short the file is said to be, nothing lies outside. */
	for (uint64_t size = 64; size < all.n; size += all.n / 50) {
		assert_true(elf_header(all, size, &e));
		assert_true(elf_end(&e, slice_sub(all, e.sections.at, e.sections.n), segments) <= size);
	}
}

static void forms(void **state)
{
	(void)state;
	struct identify *id = two_tools();
	struct slice all = program("/bin/sh"); /* this program holds versions of its own */
	assert_int_equal(match(id, all, 0).form, IDENTIFY_FORM_ELF);
	static const struct slice ends[] = {
	        SLICE_INIT("x\n---- Bun! ----\n12345678"), SLICE_INIT("d3n0l4nd0123456789"), SLICE_INIT("MEI\014\013\012\013\0160123")};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		_cleanup_buf_ struct buf b = BUF(64 << 20);
		buf_add(&b, all);
		code(&b, "beta", 0, 20, "1.0.1");
		buf_add(&b, ends[i]);
		struct identify_match m = match(id, buf_slice(&b), 0);
		assert_int_equal(m.form, IDENTIFY_FORM_SINGLE);
		assert_string_equal(m.tool, "beta");
		assert_string_equal(m.version, "1.0.1");
	}
	assert_int_equal(match(id, SLICE("#!/bin/sh\n"), 0).form, IDENTIFY_FORM_SCRIPT);
	assert_int_equal(match(id, SLICE("\x1f\x8b\x08\x00"), 0).form, IDENTIFY_FORM_ARCHIVE);
	assert_int_equal(match(id, SLICE("words"), 0).form, IDENTIFY_FORM_OTHER);
	identify_close(id);
}

/* A program that carries its code packed, behind what only looks like an archive, in one piece or two. */
static void packed_inside(void **state)
{
	(void)state;
	struct identify *id = two_tools();
	_cleanup_buf_ struct buf one = BUF(65536), two = BUF(65536), first = BUF(1 << 20), second = BUF(1 << 20), b = BUF(64 << 20);
	code(&one, "alpha", 0, 6, NULL);
	code(&two, "alpha", 6, 12, "3.2.1");
	pack(&first, false, true, &(struct packed){"a.js", buf_slice(&one)}, 1);
	pack(&second, true, false, &(struct packed){"b.js", buf_slice(&two)}, 1);
	buf_add(&b, program("/bin/sh"));
	for (size_t i = 0; i < 65534; i++)
		buf_u8(&b, i % 7000 ? 'x' : 0x1f);
	buf_add(&b, SLICE("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03no archive, PK\x03\x04 nor this"));
	buf_add(&b, buf_slice(&first));
	buf_add(&b, SLICE("between"));
	buf_add(&b, buf_slice(&second));
	buf_add(&b, SLICE("d3n0l4nd0123456789"));
	assert_int_equal(match(id, buf_slice(&b), 0).by, IDENTIFY_BY_NOTHING);
	struct identify_match m = match(id, buf_slice(&b), IDENTIFY_UNPACK);
	assert_int_equal(m.form, IDENTIFY_FORM_SINGLE);
	assert_string_equal(m.tool, "alpha");
	assert_int_equal(m.found, 12);
	assert_string_equal(m.version, "3.2.1");
	/* Many that are none cost little, and hide nothing that comes before them. */
	for (size_t i = 0; i < 100000; i++)
		buf_add(&b, SLICE("\x28\xb5\x2f\xfd"));
	buf_add(&b, SLICE("d3n0l4nd0123456789"));
	assert_string_equal(match(id, buf_slice(&b), IDENTIFY_UNPACK).tool, "alpha");
	identify_close(id);
}

/* ---- learning */

static const char *const nouns[] = {"window", "folder", "account", "session", "prompt", "server", "message", "project", "branch", "editor",
        "reviewer", "command", "terminal", "history", "setting", "gateway"};

/* One version of a made-up tool: its code is called otherwise in each, and so is every fourth text. */
static void version_code(struct buf *b, int version)
{
	for (unsigned i = 0; i < 200; i++) {
		const char *x = nouns[i % 16], *y = nouns[i / 16 % 16], *z = nouns[(i * 7 + 3) % 16];
		if (i % 4 == 0)
			buf_fmt(b, "function q%d_%u(a,b){throw new Error(\"Nothing like release %c was ever %s for %s\")}\n", version, i,
			        'a' + version, x, y);
		else
			buf_fmt(b, "function q%d_%u(a,b){return a?\"The mytool %s cannot open the %s without a %s here\":b}\n", version, i,
			        x, y, z);
	}
	buf_fmt(b, "var z%d={NAME:\"mytool\",VERSION:\"%d.0.0\"};// mytool comments are no part of any build at all\n", version, version);
	buf_str_add(b, "function lib(){return \"This library text stands in every other program too\"}\n");
}

static void learning(void **state)
{
	(void)state;
	struct folder f = folder_new();
	static const char *const numbers[] = {"1.0.0", "2.0.0", "3.0.0"};
	static const char *const packages[] = {"npm:mytool", NULL};
	struct learn_source sources[3];
	_cleanup_arena_ struct arena a = ARENA(64 << 20);
	struct prints p;
	struct err err = {0};
	for (int i = 0; i < 3; i++) {
		_cleanup_buf_ struct buf b = BUF(1 << 20);
		char path[32];
		version_code(&b, i + 1);
		(void)snprintf(path, sizeof(path), "v%d/cli.js", i);
		put(&f, path, buf_slice(&b));
		(void)snprintf(path, sizeof(path), "v%d", i);
		sources[i] = (struct learn_source){openat(f.fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), numbers[i], "sha512-x", false};
	}
	put(&f, "against/lib.js", SLICE("x(\"This library text stands in every other program too\")"));
	int against = openat(f.fd, "against", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct learn_options o = {
	        .tool = "mytool", .title = "My Tool", .publisher = "Me", .packages = packages, .against = &against, .n_against = 1};
	if (learn(sources, 3, &o, &a, &p, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(p.n_constants >= 60);
	for (size_t i = 0; i < p.n_constants; i++) {
		assert_true(slice_find(p.constant[i], SLICE("release"), 0) == SLICE_NPOS);
		assert_true(slice_find(p.constant[i], SLICE("library"), 0) == SLICE_NPOS);
		assert_true(slice_find(p.constant[i], SLICE("comments"), 0) == SLICE_NPOS);
	}
	assert_true(p.n_contexts >= 1);
	/* A fourth version, unseen, is recognised; what it was learned against is not. */
	_cleanup_buf_ struct buf yaml = BUF(PRINTS_BYTES_MAX), fourth = BUF(1 << 20);
	prints_write(&yaml, &p, "");
	const char *name = "mytool.yaml";
	struct slice text = buf_slice(&yaml);
	struct identify *id = NULL;
	assert_int_equal(identify_of_texts(&name, &text, 1, -1, &id, &err), 0);
	version_code(&fourth, 4);
	struct identify_match m = match(id, buf_slice(&fourth), 0);
	assert_string_equal(m.tool, "mytool");
	assert_string_equal(m.version, "4.0.0");
	assert_int_equal(match(id, text, 0).by, IDENTIFY_BY_NOTHING);
	identify_close(id);
	/* One version alone has too little in common with nothing but itself. */
	put(&f, "v0/cli.js", SLICE("x()"));
	assert_int_equal(learn(sources, 2, &o, &a, &p, &err), -EINVAL);
	for (int i = 0; i < 3; i++)
		close(sources[i].fd);
	close(against);
	folder_end(&f);
}

/* The prints that are shipped can be read, and their own folder is no tool. */
static void shipped(void **state)
{
	(void)state;
	struct identify *id = NULL;
	struct err err = {0};
	struct identify_match m;
	if (identify_open("share/prints", &id, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(id->n_tools >= 15);
	assert_string_equal(identify_package_tool(id, SLICE("npm:@openai/codex")), "codex");
	_cleanup_fd_ int fd = open("share/prints/codex.yaml", O_RDONLY | O_CLOEXEC);
	assert_int_equal(identify_file(id, fd, 0, &m, &err), 0);
	assert_int_equal(m.by, IDENTIFY_BY_NOTHING);
	identify_close(id);
	assert_int_equal(identify_open("tests/data", &id, &err), -ENOENT);
}

static void put_prints(const struct folder *f, const char *path, const char *tool, unsigned need)
{
	_cleanup_buf_ struct buf b = BUF(65536);
	prints_of(&b, tool, need);
	put(f, path, buf_slice(&b));
}

/* Prints of several folders: the first counts, of files with one name and of files for one tool. */
static void folders(void **state)
{
	(void)state;
	struct folder f = folder_new();
	_cleanup_buf_ struct buf three = BUF(65536), list = BUF(256);
	struct identify *id = NULL;
	struct err err = {0};
	code(&three, "alpha", 0, 3, NULL);
	code(&three, "beta", 0, 3, NULL);
	put_prints(&f, "ours/alpha.yaml", "alpha", 2);
	put_prints(&f, "ours/other.yaml", "gamma", 5);
	put_prints(&f, "theirs/alpha.yaml", "alpha", 5);
	put_prints(&f, "theirs/beta.yaml", "beta", 5);
	put_prints(&f, "theirs/gamma.yaml", "gamma", 5);
	buf_fmt(&list, "%s/ours:%s/none::%s/theirs", f.path, f.path, f.path);
	if (identify_open(buf_str(&list), &id, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(id->n_tools, 3);
	assert_string_equal(match(id, buf_slice(&three), 0).tool, "alpha");
	assert_string_equal(identify_package_tool(id, SLICE("pypi:beta")), "beta");
	identify_close(id);
	buf_reset(&list);
	buf_fmt(&list, "%s/theirs:%s/ours", f.path, f.path);
	assert_int_equal(identify_open(buf_str(&list), &id, &err), 0);
	assert_int_equal(match(id, buf_slice(&three), 0).by, IDENTIFY_BY_NOTHING);
	identify_close(id);
	buf_reset(&list);
	buf_fmt(&list, "%s/ours", f.path);
	/* In one folder it is a mistake. */
	put_prints(&f, "ours/zeta.yaml", "alpha", 5);
	assert_int_equal(identify_open(buf_str(&list), &id, &err), -EINVAL);
	assert_non_null(strstr(err.text, "ours/zeta.yaml:1:1: the tool alpha is in "));
	folder_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(prints_text),
	        cmocka_unit_test(prints_mistakes),
	        cmocka_unit_test(files),
	        cmocka_unit_test(borders),
	        cmocka_unit_test(wide),
	        cmocka_unit_test(versions),
	        cmocka_unit_test(trees),
	        cmocka_unit_test(metadata),
	        cmocka_unit_test(archives),
	        cmocka_unit_test(archives_beside_threads),
	        cmocka_unit_test(elf),
	        cmocka_unit_test(forms),
	        cmocka_unit_test(packed_inside),
	        cmocka_unit_test(learning),
	        cmocka_unit_test(shipped),
	        cmocka_unit_test(folders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
