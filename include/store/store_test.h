/* What a fresh connection to a database found. A value. */
#ifndef STORE_STORE_TEST_H
#define STORE_STORE_TEST_H

#include <stdbool.h>
#include <stdint.h>

struct store_test {
    bool is_ok;
    char words[240];  /* what went wrong; "" */
    char remedy[160]; /* "" */
    char sqlstate[6];
    uint64_t names_us;   /* resolving the names of its hosts; 0: there was nothing to resolve */
    uint64_t connect_us; /* behind that, TLS and login included; 0: not connected */
    uint64_t query_us;   /* one question; 0: not answered */
    char host[256];      /* the one that took the connection */
    char tls[96];        /* "TLSv1.3 TLS_AES_256_GCM_SHA384"; "": none */
    char user[64];
    char database[64];
    unsigned server_version;
    bool is_superuser;
    bool may_replicate;
    bool may_monitor; /* is a member of pg_monitor */
    bool is_standby;
    bool is_read_only;
    char wal_level[16];
    int64_t connections_free; /* without those that are reserved */
    int64_t slots_free;       /* of replication */
    int64_t senders_free;
    int64_t apply_workers;
    int64_t worker_processes;
};

#endif
