/* flag: words for the bits of a set. */
#ifndef POSTERN_BASE_FLAG_H
#define POSTERN_BASE_FLAG_H

/* What is in the table for one bit, of the first n: text[3] for 1 << 3. "" for more bits than one, and for others. */
static inline const char *flag_text(const char *const *text, unsigned n, unsigned bit)
{
	for (unsigned i = 0; i < n; i++)
		if (bit == 1u << i)
			return text[i];
	return "";
}

#endif
