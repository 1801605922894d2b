/*
 * A private server of PostgreSQL on a folder of data: a child of a job, on a socket in that folder that only its user can
 * reach, without a port, without replication and archiving. On the thread of a job.
 */
#ifndef BACKUP_CLUSTER_PRIV_H
#define BACKUP_CLUSTER_PRIV_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/check.h"

struct backup_job;
struct cluster;

enum { CLUSTER_PORT = 5432 };

/* Whose servers are: of ourselves, or, when we are root, of the configured user. */
struct cluster_user {
    bool is_other; /* we are root, and it is that one */
    uid_t uid;
    gid_t gid;
};

/* ERR_INVALID with the job's words: a server refuses to run as root, and nobody else is configured; or the like. */
MUST_CHECK int cluster_find_user(struct backup_job *job, struct cluster_user *out);

/* A program of the server's version ("15.20 (Debian …)"), else any; NULL: it is not installed. The caller frees. */
char *cluster_program(const char *version, const char *name);

/* Its settings into folder, which is taken by nobody else: switchyard.conf and switchyard_hba.conf. */
MUST_CHECK int cluster_configure(struct backup_job *job, const char *folder);

/* Starts it and waits until it takes connections; ERR_* with the job's words, and nothing runs then. */
MUST_CHECK int cluster_start(struct backup_job *job, const char *folder,
                             const struct cluster_user *user, struct cluster **out);

/* Stops it in order and frees; by force when that does not work, with ERR_*. */
MUST_CHECK int cluster_stop(struct cluster *cluster);

#endif
