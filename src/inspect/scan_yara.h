/* scan_yara: rules of YARA beside the detectors of scan.h. They are compiled from their text, in the process that scans, as what was
 * compiled elsewhere can make libyara do anything. */
#ifndef POSTERN_INSPECT_SCAN_YARA_H
#define POSTERN_INSPECT_SCAN_YARA_H

#include "inspect/scan.h"

#define SCAN_YARA_FILES 4096u              /* files of rules, at most */
#define SCAN_YARA_MAX   ((size_t)64 << 20) /* bytes of all together */
#define SCAN_YARA_TIME  20u                /* seconds for one file, with all that is in it */

/* Why rules cannot be used: in which file, on which line (0: it is none of a line), and the way out. Texts end. */
struct scan_yara_wrong {
	uint32_t file; /* the how many-th, from 0 */
	uint32_t line;
	char text[320];
};

/* Loads libyara. Before a process is confined. 0, -ENOENT, -ENOSYS, -ENOMEM. */
[[nodiscard]] int scan_yara_load(struct err *err);

/* An image of files of rules, for the process that compiles them: appends one. `space`: the namespace of its rules. */
void scan_yara_put(struct buf *image, const char *space, struct slice text);

struct scan_yara;
/* Compiles an image. `includes` are refused, and modules that look at more than the file. 0; -EINVAL: `wrong` says what of it; -ENOMEM.
 * `rules`: how many there are. Free it with scan_yara_free(). */
[[nodiscard]] int scan_yara_new(struct slice image, struct scan_yara **out, uint32_t *rules, struct scan_yara_wrong *wrong);
void scan_yara_free(struct scan_yara *y);

#endif
