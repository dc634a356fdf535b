/* calls_filter: which system calls confine/calls.h hands to the listener: one table of conditions, compiled to the kernel's filter program.
 */
#ifndef POSTERN_CONFINE_CALLS_FILTER_H
#define POSTERN_CONFINE_CALLS_FILTER_H

#include <linux/filter.h>
#include <stddef.h>

#define CALLS_FILTER_MAX 512

/* What is wanted of it: a set. */
enum { CALLS_MACHINE = 1, CALLS_DRAWS = 2, CALLS_CALENDAR = 4 };

/* The program's length; 0 if it did not fit. */
size_t calls_filter(unsigned wanted, struct sock_filter out[static CALLS_FILTER_MAX]);

#endif
