/* room: backup */
/*
 * Snapshots are verified, dropped by a rule, forgotten by force, claimed and looked at, all at once. A reader that has hold
 * of one finds it whole until it lets go: nobody removes it meanwhile, and nobody removes it twice.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/catalogue.h"
#include "backup/claim.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

enum { SNAPSHOTS = 4, ROUNDS = 300, READERS = 2 };

static struct catalogue *catalogue;
static atomic_int readers[SNAPSHOTS];
static atomic_int removers[SNAPSHOTS];
static atomic_bool is_over;

static void expect(bool is, const char *words)
{
    if (is)
        return;
    fprintf(stderr, "race_snapshots: %s\n", words);
    exit(1);
}

static const char *name_of(unsigned number)
{
    static const char *const names[SNAPSHOTS] = { "shop-1", "shop-2", "shop-3", "shop-4" };

    return names[number];
}

static void put(unsigned number)
{
    struct snapshot_record record = {
        .is_verified = true, .taken_us = number * 10, .finished_us = number * 10 + 5, .bytes = 4096
    };

    snprintf(record.id, sizeof record.id, "%s", name_of(number));
    snprintf(record.database, sizeof record.database, "shop");
    snprintf(record.name, sizeof record.name, "shop");
    snprintf(record.path, sizeof record.path, "/nowhere/%s", record.id);
    expect(catalogue_put(catalogue, &record) == 0, "it cannot be put");
}

/* A verification: it ends by writing the record anew, as one that was dropped must not come back. */
static void *read_them(void *arg)
{
    unsigned start = *(const unsigned *)arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned number = (start + i) % SNAPSHOTS;
        struct snapshot_record found;

        if (catalogue_hold(catalogue, name_of(number)) != 0)
            continue;
        atomic_fetch_add(&readers[number], 1);
        expect(atomic_load(&removers[number]) == 0, "it is removed while it is read");
        expect(catalogue_find(catalogue, name_of(number), &found), "what is held is gone");
        expect(catalogue_put(catalogue, &found) == 0, "it cannot be put again");
        snapshot_record_fini(&found);
        expect(atomic_load(&removers[number]) == 0, "it is removed while it is read");
        atomic_fetch_sub(&readers[number], 1);
        catalogue_release(catalogue, name_of(number));
    }
    return NULL;
}

/* The rule, or somebody by force; then it is taken anew. */
static void *remove_them(void *arg)
{
    bool is_forced = *(const bool *)arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned number = i % SNAPSHOTS;

        if (catalogue_condemn(catalogue, name_of(number), is_forced) != 0)
            continue;
        expect(atomic_fetch_add(&removers[number], 1) == 0, "two remove it");
        expect(atomic_load(&readers[number]) == 0, "somebody reads what is removed");
        if (i % 3 == 0) {
            atomic_fetch_sub(&removers[number], 1);
            catalogue_spare(catalogue, name_of(number));
            continue;
        }
        atomic_fetch_sub(&removers[number], 1);
        expect(catalogue_remove(catalogue, name_of(number)) == 0, "it cannot be removed");
        put(number);
    }
    return NULL;
}

static void *claim_and_look(void *arg)
{
    struct snapshot_claim claims[2] = { { .database = "shop", .at_us = 16, .by = "rollout 1" },
                                        { .database = "shop", .at_us = 40, .by = "rollout 2" } };

    (void)arg;
    for (unsigned i = 0; !atomic_load(&is_over); i++) {
        struct snapshot_record *records = NULL;
        size_t count = 0;

        catalogue_claim(catalogue, claims, i % 3);
        catalogue_see(catalogue, name_of(i % SNAPSHOTS), 4096, i + 1);
        count = catalogue_list(catalogue, "shop", &records);
        expect(count <= SNAPSHOTS, "one is there twice");
        catalogue_free_list(records, count);
    }
    return NULL;
}

int main(void)
{
    char folder[] = "/tmp/race-snapshots-XXXXXX";
    char *path = NULL;
    struct text words;
    unsigned starts[READERS] = { 0, 2 };
    bool forces[2] = { false, true };
    pthread_t threads[READERS + 2];
    pthread_t claimer;

    text_init(&words, 4096);
    expect(mkdtemp(folder) != NULL, "there is no folder");
    expect(catalogue_new(folder, &words, &catalogue) == 0, "there is no catalogue");
    for (unsigned i = 0; i < SNAPSHOTS; i++)
        put(i);
    expect(pthread_create(&claimer, NULL, claim_and_look, NULL) == 0, "there is no thread");
    for (unsigned i = 0; i < READERS; i++)
        expect(pthread_create(&threads[i], NULL, read_them, &starts[i]) == 0, "there is no thread");
    for (unsigned i = 0; i < 2; i++)
        expect(pthread_create(&threads[READERS + i], NULL, remove_them, &forces[i]) == 0,
               "there is no thread");
    for (unsigned i = 0; i < READERS + 2; i++)
        (void)pthread_join(threads[i], NULL);
    atomic_store(&is_over, true);
    (void)pthread_join(claimer, NULL);
    catalogue_free(catalogue);
    text_fini(&words);
    path = mem_format("%s/snapshots.jsonl", folder);
    (void)unlink(path);
    (void)rmdir(folder);
    free(path);
    return 0;
}
