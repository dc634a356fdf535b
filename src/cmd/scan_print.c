#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>

#include "cmd/scan.h"
#include "report/posture.h"
#include "report/scan.h"
#include "sys/fd.h"

#define PIECE        ((size_t)1 << 20)
#define BASELINE_MAX ((size_t)64 << 20)
#define SBOM_MAX     ((size_t)64 << 20)
#define PLACE_MAX    ((size_t)1 << 17)
#define PART_MAX     ((size_t)64 << 20) /* of one file: what it says is bounded */

static size_t columns(void)
{
	struct winsize w = {0};
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col < 60)
		return 80;
	return w.ws_col > 120 ? 120 : w.ws_col;
}

static bool put_next(struct buf *out, enum scan_format format, const struct scan_result *r, bool colour, struct scan_cursor *c)
{
	switch (format) {
	case SCAN_FORMAT_JSON:
		return scan_json(out, r, c);
	case SCAN_FORMAT_SARIF:
		return scan_sarif(out, r, c);
	case SCAN_FORMAT_HTML:
		return scan_html(out, r, c);
	case SCAN_FORMAT_TEXT:
		break;
	}
	return scan_text(out, r, columns(), colour, c);
}

static int put_all(int fd, enum scan_format format, const struct scan_result *r, bool colour)
{
	_cleanup_buf_ struct buf out = BUF(PART_MAX + PIECE);
	struct scan_cursor c = {0};
	int e = 0;
	for (bool more = true; more && e == 0;) {
		more = put_next(&out, format, r, colour, &c);
		e = buf_error(&out);
		if (e == 0 && (!more || out.n >= PIECE)) {
			e = fd_write_all(fd, buf_slice(&out));
			buf_reset(&out);
		}
	}
	return e;
}

static int cannot_write(const char *output, int e)
{
	struct err err = {0};
	err_sys(&err, e, "cannot write %s", output ? output : "what was found");
	cmd_tell("scan", err.text);
	return EXIT_USAGE;
}

static int create(const char *output)
{
	int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	return fd < 0 ? -errno : fd;
}

int scan_print_baseline(const char *output, const struct scan_result *r)
{
	_cleanup_buf_ struct buf out = BUF(BASELINE_MAX), place = BUF(PLACE_MAX);
	size_t listed = 0, not_pinned = 0;
	buf_str_add(&out, "{\n  \"version\": 1,\n  \"files\": [");
	for (size_t i = 0; i < r->n; i++) {
		const struct scan_file *f = &r->file[i];
		if (f->sum.found == 0)
			continue;
		buf_reset(&place);
		scan_place(&place, r, f->path);
		bool put = scan_baseline_put(&out, buf_str(&place), f, listed == 0);
		listed += put;
		not_pinned += !put;
	}
	buf_str_add(&out, listed ? "\n  ]\n}\n" : "]\n}\n");
	_cleanup_fd_ int fd = create(output);
	int e = fd < 0 ? fd : buf_error(&out);
	e = e < 0 ? e : fd_write_all(fd, buf_slice(&out));
	if (e < 0)
		return cannot_write(output, e);
	if (not_pinned)
		(void)fprintf(stderr, "postern scan: %zu file%s cannot be pinned: the content could not be read, or the name is no UTF-8\n",
		        not_pinned, not_pinned == 1 ? "" : "s");
	return EXIT_OK;
}

int scan_print_sbom(const char *output, const struct scan_result *r)
{
	_cleanup_buf_ struct buf out = BUF(SBOM_MAX);
	char serial[37];
	cmd_uuid(serial);
	const struct posture_about about = {.time = (int64_t)time(NULL) * 1000, .serial = serial};
	/* Of two versions it is the new one's. */
	const struct posture *p = r->change ? r->change->now : r->package;
	size_t n = r->change ? 1 : r->packages;
	if (n == 0) {
		cmd_tell("scan", "no bill of materials is written: there is no package");
		return EXIT_USAGE;
	}
	posture_cyclonedx(&out, p, n, &about);
	_cleanup_fd_ int fd = create(output);
	int e = fd < 0 ? fd : buf_error(&out);
	e = e < 0 ? e : fd_write_all(fd, buf_slice(&out));
	return e < 0 ? cannot_write(output, e) : EXIT_OK;
}

int scan_print(const char *output, enum scan_format format, const struct scan_result *r)
{
	_cleanup_fd_ int file = output ? create(output) : -1;
	bool colour = !output && isatty(STDOUT_FILENO) == 1 && !(getenv("NO_COLOR") && getenv("NO_COLOR")[0]);
	int e = output && file < 0 ? file : put_all(output ? file : STDOUT_FILENO, format, r, colour);
	/* A reader that has gone (a pager that was quit) is no error of ours. */
	return e == 0 || (e == -EPIPE && !output) ? EXIT_OK : cannot_write(output, e);
}

int scan_print_rules(const char *output, enum scan_format format)
{
	_cleanup_fd_ int file = output ? create(output) : -1;
	_cleanup_buf_ struct buf out = BUF(PIECE);
	if (format == SCAN_FORMAT_JSON)
		scan_rules_json(&out);
	else
		scan_rules_text(&out, columns());
	int e = output && file < 0 ? file : buf_error(&out);
	e = e < 0 ? e : fd_write_all(output ? file : STDOUT_FILENO, buf_slice(&out));
	return e == 0 || (e == -EPIPE && !output) ? EXIT_OK : cannot_write(output, e);
}
