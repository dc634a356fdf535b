#include <stdio.h>

int main(void)
{
	(void)puts("postern " POSTERN_VERSION);
	return 0;
}
