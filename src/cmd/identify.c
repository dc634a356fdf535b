/* postern identify: which AI tool is this file or folder, by what it holds? */
#include "identify/identify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cmd/identify.h"
#include "report/write.h"

enum { FORMAT_TEXT, FORMAT_JSON };
static const char *const formats[] = {"text", "json", NULL};

static const struct opt identify_table[] = {
        OPT_CHOICE(struct identify_opts, format, "format", 'f', "FORMAT", formats, "what is printed; by default text"),
        OPT_FLAG(struct identify_opts, digest, "digest", 0, "the SHA-256 of each file too, for which all of it is read"),
        OPT_FLAG(struct identify_opts, inside, "inside", 'i', "look into archives, packages and layers of containers"),
        OPT_STRING(struct identify_opts, prints, "prints", 0, "DIR", "take the prints from here; by default those that are shipped"),
        OPT_FLAG(struct identify_opts, learn, "learn", 0, "make prints from a few versions of a tool instead"),
        OPT_STRING(struct identify_opts, tool, "tool", 0, "ID", "with --learn, a short name of the tool, such as claude-code"),
        OPT_STRING(struct identify_opts, title, "title", 0, "TITLE", "with --learn, its full name"),
        OPT_STRING(struct identify_opts, publisher, "publisher", 0, "NAME", "with --learn, who publishes it"),
        OPT_LIST(struct identify_opts, package, "package", 0, "KIND:NAME", NULL, "with --learn, its packages, the main one first"),
        OPT_LIST(struct identify_opts, word, "word", 0, "WORD", NULL,
                "with --learn, words of its own texts; by default those of its packages"),
        OPT_LIST(struct identify_opts, loader, "loader", 0, "ARTEFACT", NULL,
                "with --learn, parts that are met alone, as loaders of a packed program"),
        OPT_LIST(struct identify_opts, against, "against", 0, "DIR", NULL, "with --learn, nothing that stands below here is taken"),
        OPT_U64(struct identify_opts, constants, "constants", 0, "N", 12, 512, "with --learn, how many are taken; by default 160"),
        OPT_STRING(struct identify_opts, output, "output", 'o', "FILE", "with --learn, write the prints there, not to standard output"),
        OPT_END,
};

static const char *const identify_examples[] = {
        "postern identify /usr/local/bin/unknown  # by content, whatever the file is called",
        "postern identify --inside layer.tar.gz extension.vsix",
        "postern identify --format json --digest node_modules/*",
        "postern identify --learn --tool x --title X --publisher Y --package npm:x --against others x-1.0.0.tgz x-2.0.0.tgz",
        NULL,
};

static const char *const by_words[] = {
        [IDENTIFY_BY_NOTHING] = "nothing", [IDENTIFY_BY_METADATA] = "metadata", [IDENTIFY_BY_CONSTANTS] = "constants"};

static void put_text(struct buf *out, const char *path, const struct identify_match *m)
{
	write_visible(out, slice_str(path));
	if (m->by == IDENTIFY_BY_NOTHING) {
		buf_fmt(out, ": no known tool (%s)\n", identify_form_name(m->form));
	} else {
		buf_str_add(out, ": ");
		write_visible(out, slice_str(m->title));
		buf_fmt(out, " %s%s(", m->version, m->version[0] ? " " : "");
		write_visible(out, slice_str(m->publisher));
		buf_str_add(out, "), ");
		if (m->by == IDENTIFY_BY_METADATA)
			buf_str_add(out, "by metadata alone\n");
		else
			buf_fmt(out, "by %u of %u constants\n", m->found, m->of);
		buf_fmt(out, "  tool %s, package %s, form %s\n", m->tool, m->package, identify_form_name(m->form));
		for (unsigned i = 0; i < IDENTIFY_EXAMPLES && m->example[i]; i++) {
			buf_str_add(out, i ? ", \"" : "  for example \"");
			write_visible(out, slice_str(m->example[i]));
			buf_u8(out, '"');
		}
		if (m->example[0])
			buf_u8(out, '\n');
	}
	if (m->digest[0])
		buf_fmt(out, "  SHA-256 %s\n", m->digest);
}

static void put_member(struct buf *out, const char *key, const char *value)
{
	buf_fmt(out, ", \"%s\": ", key);
	write_json(out, value);
}

static void put_json(struct buf *out, const char *path, const struct identify_match *m)
{
	buf_str_add(out, "    {\"path\": ");
	write_json(out, path);
	put_member(out, "by", by_words[m->by]);
	put_member(out, "form", identify_form_name(m->form));
	if (m->by != IDENTIFY_BY_NOTHING) {
		put_member(out, "tool", m->tool);
		put_member(out, "title", m->title);
		put_member(out, "publisher", m->publisher);
		put_member(out, "package", m->package);
		put_member(out, "version", m->version);
		buf_fmt(out, ", \"found\": %u, \"of\": %u, \"examples\": [", m->found, m->of);
		for (unsigned i = 0; i < IDENTIFY_EXAMPLES && m->example[i]; i++) {
			buf_str_add(out, i ? ", " : "");
			write_json(out, m->example[i]);
		}
		buf_u8(out, ']');
	}
	if (m->digest[0])
		put_member(out, "sha256", m->digest);
	buf_u8(out, '}');
}

static int look(const struct identify *id, const char *path, unsigned flags, struct identify_match *m, struct err *err)
{
	struct stat st;
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, -errno, "%s", path);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s is neither a file nor a folder", path);
	int r = S_ISDIR(st.st_mode) ? identify_tree(id, fd, m, err) : identify_file(id, fd, flags, m, err);
	return r < 0 ? err_wrap(err, r, "%s", path) : 0;
}

static int identify_paths(const struct identify_opts *o, const struct opt_args *args)
{
	struct identify *id = NULL;
	struct err err = {0};
	unsigned flags = (o->digest ? IDENTIFY_DIGEST : 0) | (o->inside ? IDENTIFY_INSIDE : 0) | IDENTIFY_UNPACK;
	int code = EXIT_OK;
	if (identify_open(o->prints, &id, &err) < 0) {
		cmd_tell("identify", err.text);
		return EXIT_USAGE;
	}
	_cleanup_buf_ struct buf out = BUF((size_t)256 << 20);
	if (o->format == FORMAT_JSON)
		buf_fmt(&out, "{\n  \"prints\": \"%s\",\n  \"artefacts\": [", identify_digest(id));
	bool any = false;
	for (size_t i = 0; i < args->n; i++) {
		struct identify_match m = {0};
		if (look(id, args->arg[i], flags, &m, &err) < 0) {
			cmd_tell("identify", err.text);
			code = EXIT_USAGE;
			continue;
		}
		if (m.by != IDENTIFY_BY_NOTHING && code == EXIT_OK)
			code = EXIT_FOUND;
		if (o->format == FORMAT_JSON) {
			buf_str_add(&out, any ? ",\n" : "\n");
			put_json(&out, args->arg[i], &m);
		} else {
			put_text(&out, args->arg[i], &m);
		}
		any = true;
	}
	if (o->format == FORMAT_JSON)
		buf_str_add(&out, any ? "\n  ]\n}\n" : "]\n}\n");
	identify_close(id);
	int r = cmd_print(&out);
	return r == EXIT_OK ? code : r;
}

static int run(void *options, const struct opt_args *args)
{
	const struct identify_opts *o = options;
	if (args->n == 0)
		return cmd_usage("identify", "name a file or a folder");
	if (!o->learn && (o->tool || o->title || o->publisher || o->output || o->package.n || o->word.n || o->against.n || o->loader.n ||
	                         o->constants))
		return cmd_usage("identify",
		        "--tool, --title, --publisher, --package, --word, --loader, --against, --constants and --output go with --learn");
	return o->learn ? identify_learn(o, args) : identify_paths(o, args);
}

const struct command cmd_identify = {
        .name = "identify",
        .summary = "say which AI tool a file or folder is, by its content",
        .operands = "PATH...",
        .examples = identify_examples,
        .options = identify_table,
        .options_size = sizeof(struct identify_opts),
        .run = run,
};
