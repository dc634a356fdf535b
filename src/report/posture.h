/* posture: the forms of what packages can do, and of what a new version can do that the one before could not. Parts of the forms of a scan.
 * Pure. */
#ifndef POSTERN_REPORT_POSTURE_H
#define POSTERN_REPORT_POSTURE_H

#include "base/buf.h"
#include "inspect/posture.h"

/* For a person; nothing if there is none. `width`: columns. Appended, as all here. */
void posture_text(struct buf *out, const struct posture *p, size_t width);
void posture_change_text(struct buf *out, const struct posture_change *c, size_t width);
/* Members of share/schema/scan.schema.json: "packages", an array, and "change", an object. `most`: so many of each kind. */
void posture_json(struct buf *out, const struct posture *p, size_t most);
void posture_change_json(struct buf *out, const struct posture_change *c);
/* Articles of a page. */
void posture_html(struct buf *out, const struct posture *p);
void posture_change_html(struct buf *out, const struct posture_change *c);

struct posture_about {
	int64_t time;       /* milliseconds since 1970 */
	const char *serial; /* a UUID for the document */
};
/* CycloneDX 1.6 (ECMA-424), JSON, of one or several packages: each with what it declares and what lies inside of it. */
void posture_cyclonedx(struct buf *out, const struct posture *p, size_t n, const struct posture_about *about);
/* A package URL (ECMA-427); nothing for kinds that have no type. */
void posture_purl(struct buf *out, enum posture_form form, const char *name, const char *version);

#endif
