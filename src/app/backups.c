/* See app/backups.h. */
#include "app/backups.h"

#include <stdio.h>
#include <stdlib.h>

#include "backup/backup.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/config.h"

enum { WORDS_MAX = 65536 };

static unsigned count_of(uint64_t value)
{
    return value < UINT32_MAX ? (unsigned)value : UINT32_MAX;
}

void backups_configure(struct backup *backup, const struct config *config)
{
    struct backup_database *databases =
        mem_zalloc((config->database_count + 1) * sizeof *databases);

    for (size_t i = 0; i < config->database_count; i++) {
        const struct config_database *from = &config->databases[i];

        databases[i] = (struct backup_database){
            .name = from->name,
            .dsn = from->dsn,
            .passfile = from->passfile,
            .folder = from->snapshots.folder,
            .restore_folder = from->snapshots.restore_folder,
            .server_user = from->snapshots.server_user,
            .rule = { .keep = count_of(from->snapshots.keep),
                      .daily = count_of(from->snapshots.daily),
                      .weekly = count_of(from->snapshots.weekly) },
            .max_age_us = from->snapshots.max_age,
            .kind = from->snapshots.kind == CONFIG_BACKUP_PHYSICAL ? SNAPSHOT_PHYSICAL
                                                                   : SNAPSHOT_LOGICAL,
        };
    }
    backup_configure(backup, databases, config->database_count);
    free(databases);
}

int backups_new(struct loop *loop, const struct config *config, struct backup **out)
{
    struct text words;
    int err = 0;

    text_init(&words, WORDS_MAX);
    err = backup_new(loop, config->state_dir, &words, out);
    if (err == 0)
        backups_configure(*out, config);
    else
        fprintf(stderr, "switchyard: %s", words.bytes != NULL ? words.bytes : "");
    text_fini(&words);
    return err;
}
