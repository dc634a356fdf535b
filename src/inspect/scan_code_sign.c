/* What shows in a program as a whole. */
#include "inspect/scan_code.h"

void code_signs(struct code *c)
{
	(void)c;
}
