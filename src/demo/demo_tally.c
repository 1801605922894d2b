/* Executions by id in a balanced tree of the C library: see demo_tally.h. */
#include "demo/demo_tally.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

struct tally_entry {
    char *id; /* first: a lookup passes an entry with nothing else */
    uint64_t count;
};

static int compare_ids(const void *a, const void *b)
{
    const struct tally_entry *first = a;
    const struct tally_entry *second = b;

    return strcmp(first->id, second->id);
}

static void free_entry(void *arg)
{
    struct tally_entry *entry = arg;

    free(entry->id);
    free(entry);
}

int demo_tally_add(struct demo_tally *tally, const char *id, uint64_t *count)
{
    struct tally_entry *entry = mem_zalloc(sizeof *entry);

    entry->id = mem_text(id);
    struct tally_entry *const *found = tsearch(entry, &tally->root, compare_ids);
    CHECK(found != NULL);
    struct tally_entry *kept = *found;
    if (kept != entry)
        free_entry(entry);
    else if (tally->ids == DEMO_TALLY_MAX) {
        tdelete(entry, &tally->root, compare_ids);
        free_entry(entry);
        return ERR_FULL;
    } else
        tally->ids++;
    tally->executions++;
    kept->count++;
    if (kept->count > tally->most)
        tally->most = kept->count;
    *count = kept->count;
    return ERR_OK;
}

uint64_t demo_tally_count(const struct demo_tally *tally, const char *id)
{
    char *copy = mem_text(id);
    struct tally_entry wanted = { .id = copy };
    struct tally_entry *const *found = tfind(&wanted, &tally->root, compare_ids);
    uint64_t count = found != NULL ? (*found)->count : 0;

    free(copy);
    return count;
}

void demo_tally_clear(struct demo_tally *tally)
{
    tdestroy(tally->root, free_entry);
    *tally = (struct demo_tally){ 0 };
}
