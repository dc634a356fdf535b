#include "wire/conn.h"
void h2_open(struct conn *c)
{
	(void)c;
}
bool h2_step(struct conn *c)
{
	(void)c;
	return false;
}
void h2_free(struct conn *c)
{
	(void)c;
}
bool wsock_open(struct conn *c, struct request *r)
{
	(void)c;
	(void)r;
	return false;
}
bool wsock_step(struct conn *c)
{
	(void)c;
	return false;
}
void wsock_free(struct conn *c)
{
	(void)c;
}
bool socks_greeting(struct conn *c)
{
	conn_raw(c, "socks");
	return true;
}
bool socks_request(struct conn *c)
{
	(void)c;
	return false;
}
