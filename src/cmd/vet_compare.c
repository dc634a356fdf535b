#include "cmd/vet_compare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "report/compare.h"
#include "sys/path.h"
#include "vet/compare.h"

static bool is_subject(const char *s)
{
	struct slice w = slice_str(s);
	return slice_starts(w, SLICE("npm:")) || slice_ends(w, SLICE(".tgz")) || slice_ends(w, SLICE(".tar.gz"));
}

/* A report, or the folder that --out made. */
static int read_report(const char *path, struct buf *json, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA(1 << 16);
	struct stat st;
	if (stat(path, &st) < 0)
		return err_sys(err, -errno, "%s", path);
	const char *file = S_ISDIR(st.st_mode) ? arena_fmt(&arena, "%s/report.json", path) : path;
	int r = file ? path_read(AT_FDCWD, file, json) : -ENAMETOOLONG;
	return r < 0 ? err_sys(err, r, "cannot read %s", file ? file : path) : 0;
}

static int put(int out, const char *name, const struct buf *b, struct err *err)
{
	int r = buf_error(b) ? buf_error(b) : path_replace(out, name, buf_slice(b), 0644);
	return r < 0 ? err_sys(err, r, "cannot write %s", name) : 0;
}

static int show(const struct vet_compare *o, const struct compare *c, int out, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(COMPARE_BYTES_MAX), json = BUF(COMPARE_BYTES_MAX), html = BUF(COMPARE_BYTES_MAX);
	const struct report_text_options how = {.colour = o->colour, .width = o->width};
	compare_json(&json, c);
	compare_html(&html, c);
	compare_text(&text, c, &how);
	int r = out < 0 ? 0 : put(out, "compare.json", &json, err);
	r = r < 0 || out < 0 ? r : put(out, "compare.html", &html, err);
	if (r < 0)
		return r;
	const struct buf *shown = o->format == COMPARE_AS_JSON ? &json : o->format == COMPARE_AS_HTML ? &html : &text;
	if (buf_error(shown))
		return err_sys(err, buf_error(shown), "cannot write the comparison");
	return cmd_print(shown) == EXIT_OK ? 0 : err_set(err, -EIO, "the comparison could not be printed");
}

int vet_compare(const struct vet_compare *o, int out)
{
	_cleanup_buf_ struct buf a = BUF(COMPARE_BYTES_MAX), b = BUF(COMPARE_BYTES_MAX);
	struct buf *const in[2] = {&a, &b};
	struct compare c = {0};
	struct err err = {0};
	int r = 0;
	for (int i = 0; i < 2 && r == 0; i++)
		r = is_subject(o->operand[i]) ? o->vet(o->arg, o->operand[i], in[i], &err) : read_report(o->operand[i], in[i], &err);
	r = r < 0 ? r : compare_reports(buf_slice(&a), buf_slice(&b), o->least, &c, &err);
	r = r < 0 ? r : show(o, &c, out, &err);
	int code = r < 0 ? EXIT_USAGE : c.alarms ? EXIT_FOUND : c.inconclusive ? EXIT_INCONCLUSIVE : EXIT_OK;
	if (r < 0)
		cmd_tell("vet", err.text);
	compare_free(&c);
	return code;
}
