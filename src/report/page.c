#include "report/page.h"

#include "gen/report_css.h"
#include "report/write.h"

#define TITLE 200

void page_begin(struct buf *b, struct slice title, const char *foot)
{
	buf_str_add(b, "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>"
	               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
	               "<meta name=viewport content=\"width=device-width, initial-scale=1\"><meta name=color-scheme content=\"light dark\">"
	               "<meta name=referrer content=no-referrer><title>");
	write_html_plain(b, write_fit(title, TITLE, false));
	buf_fmt(b, "</title><style>\n%s@page { @bottom-left { content: \"%s\"; } }\n</style></head>\n", report_css, foot);
}

void page_value(struct buf *b, const char *s, size_t columns)
{
	struct slice all = slice_str(s), shown = write_fit(all, columns, false);
	buf_str_add(b, "<bdi>");
	write_html(b, shown);
	buf_str_add(b, shown.n < all.n ? "…</bdi>" : "</bdi>");
}
