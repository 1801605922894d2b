/* Ages, sizes and failures of snapshots: see metrics_backup_priv.h. */
#include "control/metrics_backup_priv.h"

#include <stdlib.h>

#include "backup/backup.h"
#include "control/admin.h"
#include "control/exposition_priv.h"

enum { LABELS_MAX = 1024 };

typedef void write_fn(struct exposition *x, const char *labels, struct backup *backup,
                      const struct backup_database *database);

static void write_age(struct exposition *x, const char *labels, struct backup *backup,
                      const struct backup_database *database)
{
    struct freshness fresh;

    if (backup_freshness(backup, database->name, database->max_age_us, &fresh) && fresh.is_known)
        exposition_seconds(x, labels, fresh.age_us);
}

static void write_bytes(struct exposition *x, const char *labels, struct backup *backup,
                        const struct backup_database *database)
{
    struct freshness fresh;

    if (backup_freshness(backup, database->name, database->max_age_us, &fresh) && fresh.is_known)
        exposition_u64(x, labels, fresh.bytes);
}

static void write_fresh(struct exposition *x, const char *labels, struct backup *backup,
                        const struct backup_database *database)
{
    struct freshness fresh;

    if (backup_freshness(backup, database->name, database->max_age_us, &fresh))
        exposition_u64(x, labels, fresh.is_fresh);
}

static void write_taken(struct exposition *x, const char *labels, struct backup *backup,
                        const struct backup_database *database)
{
    exposition_u64(x, labels, backup_counts(backup, database->name).taken);
}

static void write_failed(struct exposition *x, const char *labels, struct backup *backup,
                         const struct backup_database *database)
{
    struct backup_counts counts = backup_counts(backup, database->name);

    exposition_u64(x, labels, counts.failed + counts.verify_failed);
}

static const struct {
    const char *name;
    enum exposition_type type;
    const char *help;
    write_fn *write;
} families[] = {
    { "switchyard_snapshot_age_seconds", EXPOSITION_GAUGE,
      "Since the newest verified snapshot of a database was begun.", write_age },
    { "switchyard_snapshot_bytes", EXPOSITION_GAUGE,
      "Of the newest verified snapshot of a database.", write_bytes },
    { "switchyard_snapshot_fresh", EXPOSITION_GAUGE,
      "1 when the newest verified snapshot is whole and young enough.", write_fresh },
    { "switchyard_snapshots_taken_total", EXPOSITION_COUNTER, "Snapshots taken since the start.",
      write_taken },
    { "switchyard_snapshot_failures_total", EXPOSITION_COUNTER,
      "Snapshots that could not be taken or were found damaged, since the start.", write_failed },
};

void metrics_backup_write(const struct control_room *room, struct text *out)
{
    struct exposition x = { .out = out };

    if (room->backup == NULL || backup_database_at(room->backup, 0) == NULL)
        return;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        const struct backup_database *database = NULL;

        exposition_open(&x, families[i].name, families[i].type, families[i].help);
        for (size_t at = 0; (database = backup_database_at(room->backup, at)) != NULL; at++) {
            struct text labels;
            char *bytes = NULL;

            text_init(&labels, LABELS_MAX);
            exposition_label(&labels, "database", database->name);
            bytes = text_take(&labels);
            families[i].write(&x, bytes, room->backup, database);
            free(bytes);
        }
    }
}
