/* postern inventory --ledger: an entry for each finding. */
#include <errno.h>

#include "cmd/inventory.h"
#include "ledger/client.h"
#include "ledger/entry.h"
#include "ledger/home.h"

#define BATCH 256

static int send(struct ledger_client *client, struct slice *list, size_t *n, struct err *err)
{
	uint64_t at;
	int r = *n ? ledger_client_append(client, list, *n, &at, err) : 0;
	*n = 0;
	return r;
}

static int put_all(struct ledger_client *client, const struct inventory *inv, const struct inventory_about *about, struct err *err)
{
	struct slice list[BATCH];
	size_t n = 0, bytes = 0;
	struct arena arena = ARENA((size_t)32 << 20);
	int r = 0;
	for (size_t i = 0; i < inv->n && r == 0; i++) {
		_cleanup_buf_ struct buf text = BUF(1 << 17);
		r = inventory_event(&text, inv->finding[i], about, err);
		if (r == 0 && (n == BATCH || bytes + text.n + 2 > ledger_client_room())) {
			r = send(client, list, &n, err);
			arena_free(&arena);
			arena = ARENA((size_t)32 << 20);
			bytes = 0;
		}
		if (r < 0)
			break;
		list[n] = arena_copy(&arena, buf_slice(&text));
		if (!list[n].p)
			r = err_set(err, -ENOMEM, "no memory for the entries of the ledger");
		else
			bytes += list[n++].n + 2;
	}
	r = r < 0 ? r : send(client, list, &n, err);
	arena_free(&arena);
	return r;
}

int inventory_ledger_write(const char *path, const struct inventory *inv, const struct inventory_about *about, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)4 << 20);
	_cleanup_buf_ struct buf checkpoint = BUF(1 << 20);
	struct ledger_client *client;
	int r = ledger_home_open(path, about->host[0] ? about->host : "localhost", &arena, &client, err);
	if (r < 0)
		return r;
	r = put_all(client, inv, about, err);
	/* Readers go by the checkpoint. */
	r = r < 0 ? r : ledger_client_checkpoint(client, &checkpoint, err);
	ledger_client_free(client);
	return r;
}
