// SPDX-License-Identifier: GPL-2.0-or-later
#include "flame_tree.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* Open addressing; a table is at most half full. */
struct slots {
	void **list;
	size_t count, room;
};

struct flame_tree {
	enum flame_unit unit;
	struct slots nodes, names;
	struct flame_node *root;
	struct flame_node **order; /* by index: parents before their children */
	size_t node_count, node_room;
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 29;
}

static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0;

	while (*text)
		hash = mix(hash, (unsigned char)*text++);
	return hash;
}

static uint64_t hash_node(const struct flame_node *parent, const char *name)
{
	return mix(mix(0, parent->index), (uintptr_t)name);
}

static uint64_t hash_of_node(const void *node)
{
	return hash_node(((const struct flame_node *)node)->parent, ((const struct flame_node *)node)->name);
}

static uint64_t hash_of_name(const void *name)
{
	return hash_text(name);
}

static void put(struct slots *slots, void *item, uint64_t hash)
{
	while (slots->list[hash & (slots->room - 1)])
		hash++;
	slots->list[hash & (slots->room - 1)] = item;
}

static int make_room(struct slots *slots, uint64_t (*hash)(const void *item))
{
	struct slots larger = { .room = slots->room ? slots->room * 2 : 1024, .count = slots->count };

	if (slots->count * 2 < slots->room)
		return 0;
	larger.list = calloc(larger.room, sizeof(*larger.list));
	if (!larger.list)
		return -ENOMEM;
	for (size_t i = 0; i < slots->room; i++)
		if (slots->list[i])
			put(&larger, slots->list[i], hash(slots->list[i]));
	free(slots->list);
	*slots = larger;
	return 0;
}

/* Bytes of the UTF-8 character at @text; 0: it is none that may be printed. */
static size_t character(const unsigned char *text)
{
	size_t len = *text < 0x80 ? 1 : *text >= 0xc2 && *text < 0xe0 ? 2 : *text >= 0xe0 && *text < 0xf0 ? 3 :
		     *text >= 0xf0 && *text < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* Control characters; longer forms than needed; surrogates; what XML does not allow; beyond Unicode. */
	if (iscntrl(*text) || (*text == 0xc2 && text[1] < 0xa0) || (*text == 0xe0 && text[1] < 0xa0) ||
	    (*text == 0xed && text[1] >= 0xa0) || (*text == 0xef && text[1] == 0xbf && text[2] >= 0xbe) ||
	    (*text == 0xf0 && text[1] < 0x90) || (*text == 0xf4 && text[1] >= 0x90))
		return 0;
	return len;
}

/* Names are anybody's, and end in XML, JSON and messages that must be UTF-8. */
static void make_printable(char *name)
{
	size_t len;

	for (; *name; name += len) {
		len = character((unsigned char *)name);
		if (len)
			continue;
		*name = '?';
		len = 1;
	}
}

/* The one copy of @name. */
static const char *intern(struct flame_tree *tree, const char *name)
{
	struct slots *slots = &tree->names;
	_cleanup_(freep) char *clean = strdup(name);
	uint64_t hash;
	char *known;

	if (!clean || make_room(slots, hash_of_name))
		return NULL;
	make_printable(clean);
	hash = hash_text(clean);
	for (uint64_t i = hash; (known = slots->list[i & (slots->room - 1)]); i++)
		if (!strcmp(known, clean))
			return known;
	put(slots, clean, hash);
	slots->count++;
	return TAKE_PTR(clean);
}

static struct flame_node *new_node(struct flame_tree *tree, struct flame_node *parent, const char *name)
{
	size_t room = tree->node_room ? tree->node_room * 2 : 1024;
	struct flame_node **order, *node;

	if (tree->node_count == tree->node_room) {
		order = reallocarray(tree->order, room, sizeof(*order));
		if (!order)
			return NULL;
		tree->order = order;
		tree->node_room = room;
	}
	node = calloc(1, sizeof(*node));
	if (!node)
		return NULL;
	node->name = name;
	node->parent = parent;
	node->index = tree->node_count;
	tree->order[tree->node_count++] = node;
	return node;
}

static struct flame_node *find_child(struct flame_tree *tree, struct flame_node *parent, const char *name)
{
	struct slots *slots = &tree->nodes;
	struct flame_node *node;
	uint64_t hash = hash_node(parent, name);

	if (make_room(slots, hash_of_node))
		return NULL;
	for (uint64_t i = hash; (node = slots->list[i & (slots->room - 1)]); i++)
		if (node->parent == parent && node->name == name)
			return node;
	node = new_node(tree, parent, name);
	if (!node)
		return NULL;
	put(slots, node, hash);
	slots->count++;
	node->next = parent->child;
	parent->child = node;
	return node;
}

int flame_tree_new(enum flame_unit unit, struct flame_tree **ret_tree)
{
	_cleanup_(flame_tree_freep) struct flame_tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return -ENOMEM;
	tree->unit = unit;
	tree->root = new_node(tree, NULL, "all");
	if (!tree->root)
		return -ENOMEM;
	*ret_tree = TAKE_PTR(tree);
	return 0;
}

void flame_tree_free(struct flame_tree *tree)
{
	if (!tree)
		return;
	for (size_t i = 0; i < tree->node_count; i++)
		free(tree->order[i]);
	for (size_t i = 0; i < tree->names.room; i++)
		free(tree->names.list[i]);
	free(tree->order);
	free(tree->nodes.list);
	free(tree->names.list);
	free(tree);
}

int flame_tree_add(struct flame_tree *tree, const char *const *frames, size_t count, enum flame_side side,
		   uint64_t value)
{
	struct flame_node *node = tree->root;
	const char *name;

	if (count > FLAME_TREE_DEPTH)
		return -E2BIG;
	for (size_t i = 0; i < count; i++) {
		name = intern(tree, frames[i]);
		node = name ? find_child(tree, node, name) : NULL;
		if (!node)
			return -ENOMEM;
	}
	node->self[side] += value;
	return 0;
}

/* Merge two sorted lists. */
static struct flame_node *merge(struct flame_node *a, struct flame_node *b)
{
	struct flame_node *first = NULL, **end = &first;

	while (a && b) {
		struct flame_node **smaller = strcmp(a->name, b->name) <= 0 ? &a : &b;

		*end = *smaller;
		end = &(*end)->next;
		*smaller = *end;
	}
	*end = a ?: b;
	return first;
}

static struct flame_node *sort(struct flame_node *list)
{
	struct flame_node *slow = list, *fast, *half;

	if (!list || !list->next)
		return list;
	for (fast = list->next; fast && fast->next; fast = fast->next->next)
		slow = slow->next;
	half = slow->next;
	slow->next = NULL;
	return merge(sort(list), sort(half));
}

void flame_tree_finish(struct flame_tree *tree)
{
	struct flame_node *node;

	for (size_t i = 0; i < tree->node_count; i++)
		memcpy(tree->order[i]->total, tree->order[i]->self, sizeof(tree->order[i]->total));
	for (size_t i = tree->node_count; i-- > 0;) {
		node = tree->order[i];
		node->child = sort(node->child);
		for (size_t side = 0; node->parent && side < FLAME_SIDES; side++)
			node->parent->total[side] += node->total[side];
	}
}

const struct flame_node *flame_tree_root(const struct flame_tree *tree)
{
	return tree->root;
}

enum flame_unit flame_tree_unit(const struct flame_tree *tree)
{
	return tree->unit;
}

size_t flame_tree_nodes(const struct flame_tree *tree)
{
	return tree->node_count;
}

/* --- functions ------------------------------------------------------------------------------------------------------ */

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct flame_function *)a)->name, ((const struct flame_function *)b)->name);
}

static int compare_self(const void *a, const void *b)
{
	const struct flame_function *left = a, *right = b;

	if (left->self != right->self)
		return left->self > right->self ? -1 : 1;
	if (left->total != right->total)
		return left->total > right->total ? -1 : 1;
	return strcmp(left->name, right->name);
}

static bool is_inside_itself(const struct flame_node *node)
{
	for (const struct flame_node *above = node->parent; above; above = above->parent)
		if (above->name == node->name)
			return true;
	return false;
}

int flame_tree_functions(const struct flame_tree *tree, struct flame_function **ret_list, size_t *ret_count)
{
	struct flame_function *list = calloc(tree->node_count, sizeof(*list));
	size_t count = 0, i;

	if (!list)
		return -ENOMEM;
	for (i = 1; i < tree->node_count; i++) {
		const struct flame_node *node = tree->order[i];

		list[i - 1] = (struct flame_function){ node->name, node->self[FLAME_NOW],
						       is_inside_itself(node) ? 0 : node->total[FLAME_NOW] };
	}
	qsort(list, tree->node_count - 1, sizeof(*list), compare_names);
	for (i = 0; i + 1 < tree->node_count; i++) {
		if (!count || list[count - 1].name != list[i].name) {
			list[count++] = list[i];
			continue;
		}
		list[count - 1].self += list[i].self;
		list[count - 1].total += list[i].total;
	}
	qsort(list, count, sizeof(*list), compare_self);
	*ret_list = list;
	*ret_count = count;
	return 0;
}
