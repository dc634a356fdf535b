/* What a program has left a terminal in, undone and done again. */
#include "parse/vt_part.h"

void vt_left_mode(struct vt *v, const struct vt_rule *rule, uint8_t how)
{
	struct vt_left *l = &v->left;
	size_t n, i = (size_t)(rule - vt_rules(&n)) - v->first[VT_KIND_PRIVATE];
	uint64_t bit = 1ull << (i % 64);
	if (rule->key == 47 || rule->key == 1047 || rule->key == 1049) {
		if (how == 'h' && !l->screen)
			l->depth[1] = 0;
		l->screen = how == 'h' ? (uint16_t)rule->key : 0;
	} else if (rule->key != 1048 && i < 128) { /* 1048 is no state: it saves and restores */
		l->modes[i / 64] = how == rule->usual ? l->modes[i / 64] & ~bit : l->modes[i / 64] | bit;
	}
}

/* CSI ? n;n… h and l, of the modes that are not as usual: as they usually are, or as they are. */
static void modes(const struct vt *v, bool usual, struct buf *out)
{
	static const uint8_t ways[2] = {'h', 'l'};
	const struct vt_left *l = &v->left;
	size_t n, first = v->first[VT_KIND_PRIVATE];
	const struct vt_rule *r = vt_rules(&n);
	for (size_t way = 0; way < 2; way++) {
		bool any = false;
		for (size_t i = 0; i < 128 && first + i < n; i++) {
			if (!(l->modes[i / 64] >> (i % 64) & 1) || (r[first + i].usual == ways[way]) != usual)
				continue;
			buf_fmt(out, any ? ";%u" : "\033[?%u", r[first + i].key);
			any = true;
		}
		if (any)
			buf_u8(out, ways[way]);
	}
}

void vt_leave(const struct vt *v, struct buf *out)
{
	const struct vt_left *l = &v->left;
	if (l->link)
		buf_str_add(out, "\033]8;;\033\\");
	if (l->progress)
		buf_str_add(out, "\033]9;4;0;0\033\\");
	if (l->insert)
		buf_str_add(out, "\033[4l");
	if (l->shifted)
		buf_u8(out, 0x0f);
	if (l->set[0] != 'B')
		buf_str_add(out, "\033(B");
	if (l->set[1] != 'B')
		buf_str_add(out, "\033)B");
	if (l->keypad)
		buf_str_add(out, "\033>");
	if (l->other_keys)
		buf_str_add(out, "\033[>4m");
	if (l->cursor)
		buf_str_add(out, "\033[0 q");
	/* Setting the region moves the cursor. */
	if (l->top)
		buf_str_add(out, "\0337\033[r\0338");
	modes(v, true, out);
	/* Each screen has a stack of its own. */
	if (l->screen && l->depth[1])
		buf_fmt(out, "\033[<%uu", l->depth[1]);
	if (l->screen)
		buf_fmt(out, "\033[?%ul", l->screen);
	if (l->depth[0])
		buf_fmt(out, "\033[<%uu", l->depth[0]);
	if (l->colour)
		buf_str_add(out, "\033[0;10m");
}

void vt_return(const struct vt *v, struct buf *out)
{
	const struct vt_left *l = &v->left;
	for (unsigned i = 0; i < l->depth[0]; i++)
		buf_fmt(out, "\033[>%uu", l->keys[0][i]);
	if (l->screen)
		buf_fmt(out, "\033[?%uh", l->screen);
	for (unsigned i = 0; l->screen && i < l->depth[1]; i++)
		buf_fmt(out, "\033[>%uu", l->keys[1][i]);
	if (l->top)
		buf_fmt(out, "\0337\033[%u;%ur\0338", l->top, l->bottom);
	modes(v, false, out);
	if (l->cursor)
		buf_fmt(out, "\033[%u q", l->cursor_style);
	if (l->other_keys)
		buf_fmt(out, "\033[>4;%um", l->other_keys);
	if (l->keypad)
		buf_str_add(out, "\033=");
	if (l->set[0] != 'B')
		buf_str_add(out, "\033(0");
	if (l->set[1] != 'B')
		buf_str_add(out, "\033)0");
	if (l->shifted)
		buf_u8(out, 0x0e);
	if (l->insert)
		buf_str_add(out, "\033[4h");
}
