/* page: how every HTML page of a report begins, and how hostile values stand in it. */
#ifndef POSTERN_REPORT_PAGE_H
#define POSTERN_REPORT_PAGE_H

#include "base/buf.h"

/* Up to the body: a page that loads nothing, runs no script, and has the style of share/html/report.css. `foot` stands at the foot of each
 * page on paper, plain text. */
void page_begin(struct buf *b, struct slice title, const char *foot);
/* A hostile value: isolated, so that its direction does not leak, and cut to `columns`. */
void page_value(struct buf *b, const char *s, size_t columns);

#endif
