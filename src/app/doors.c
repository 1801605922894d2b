/* Listening addresses over the life of the process: see doors.h. */
#include "app/doors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "app/crew.h"
#include "app/heirloom.h"
#include "app/vault.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/config.h"
#include "net/listener.h"
#include "proxy/worker.h"
#include "route/rate.h"
#include "route/target.h"

/* GATE_CLIENTS: whose connections are counted at a listener at a time; beyond it some are not. */
enum { GATE_CLIENTS = 65536 };

/* A gate lives as long as the process: sessions point at it. An equal one is used again. */
struct gate_entry {
    LIST_ENTRY(gate_entry) entry;
    bool owns_rate; /* the other gates of the listener count in the same one */
    struct gate gate;
};

struct door {
    LIST_ENTRY(door) entry;
    unsigned id;
    bool is_new; /* opened by prepare, not yet committed */
    bool is_wanted;
    bool is_inherited;    /* the service manager's: all workers share it, and its file stays */
    char name[64];        /* of the listener that opened it */
    struct address asked; /* as configured */
    struct address bound;
    int fds[ROUTE_WORKERS_MAX];
    const struct gate *gate;
};

struct doors {
    struct crew *crew;
    struct vault *vault;
    struct heirloom *heirloom; /* NULL: there are no open sockets to be had any more */
    unsigned worker_count;     /* the doors outlive the crew */
    unsigned next_id;
    LIST_HEAD(, door) open;
    LIST_HEAD(, gate_entry) gates;
};

static bool owns_file(const struct door *door)
{
    return address_is_unix(&door->asked) && !door->is_inherited;
}

struct doors *doors_new(struct crew *crew, struct vault *vault, struct heirloom *heirloom)
{
    struct doors *doors = mem_zalloc(sizeof *doors);

    doors->crew = crew;
    doors->vault = vault;
    doors->heirloom = heirloom;
    doors->worker_count = crew_size(crew);
    LIST_INIT(&doors->open);
    LIST_INIT(&doors->gates);
    return doors;
}

void doors_free(struct doors *doors)
{
    if (doors == NULL)
        return;
    doors_cancel(doors);
    while (!LIST_EMPTY(&doors->open)) {
        struct door *door = LIST_FIRST(&doors->open);

        if (owns_file(door))
            unlink(door->asked.sa.un.sun_path);
        LIST_REMOVE(door, entry);
        free(door);
    }
    while (!LIST_EMPTY(&doors->gates)) {
        struct gate_entry *gate = LIST_FIRST(&doors->gates);

        LIST_REMOVE(gate, entry);
        free(gate->gate.trusted);
        free(gate->gate.cells);
        if (gate->owns_rate)
            rate_free(gate->gate.rate);
        free(gate);
    }
    free(doors);
}

static bool has_tls(const struct config_listener *listener)
{
    return listener->tls.certificates.count > 0;
}

/* Where one listener tells the apps who its clients are, no client of another may say it of itself. */
static bool strips_client(const struct config *config, const struct config_listener *listener)
{
    if (has_tls(listener))
        return true;
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].tls.client_verify != CONFIG_VERIFY_OFF)
            return true;
    return false;
}

static uint32_t clip(uint64_t number)
{
    return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

static uint32_t burst_of(const struct config_tls *tls)
{
    return clip(tls->handshake_burst > 0 ? tls->handshake_burst : tls->handshake_rate);
}

static bool gate_is_like(const struct gate *gate, const struct config *config,
                         const struct config_listener *listener)
{
    return strcmp(gate->name, listener->name) == 0 && (gate->tls != NULL) == has_tls(listener) &&
           gate->hides_plain == (listener->tls.plain_http == CONFIG_PLAIN_CLOSE) &&
           gate->strips_client == strips_client(config, listener) &&
           gate->proxy_protocol == listener->proxy_protocol &&
           gate->client_connections == clip(listener->client_connections) &&
           gate->handshake_rate == clip(listener->tls.handshake_rate) &&
           gate->handshake_burst == burst_of(&listener->tls) &&
           gate->trusted_count == listener->trusted.count &&
           (gate->trusted_count == 0 || memcmp(gate->trusted, listener->trusted.items,
                                               gate->trusted_count * sizeof *gate->trusted) == 0);
}

/* What counts the connections of a listener's clients goes on when its limits are changed. */
static void set_rate(struct doors *doors, struct gate_entry *entry,
                     const struct config_listener *listener)
{
    struct gate_entry *other = NULL;

    entry->gate.client_connections = clip(listener->client_connections);
    entry->gate.handshake_rate = clip(listener->tls.handshake_rate);
    entry->gate.handshake_burst = burst_of(&listener->tls);
    if (entry->gate.client_connections == 0 && entry->gate.handshake_rate == 0)
        return;
    LIST_FOREACH(other, &doors->gates, entry)
    if (other->owns_rate && strcmp(other->gate.name, entry->gate.name) == 0)
        entry->gate.rate = other->gate.rate;
    if (entry->gate.rate == NULL) {
        entry->gate.rate = rate_new(GATE_CLIENTS);
        entry->owns_rate = true;
    }
}

static const struct gate *find_gate(struct doors *doors, const struct config *config,
                                    const struct config_listener *listener)
{
    struct gate_entry *entry = NULL;

    LIST_FOREACH(entry, &doors->gates, entry)
    if (gate_is_like(&entry->gate, config, listener))
        return &entry->gate;
    entry = mem_zalloc(sizeof *entry);
    snprintf(entry->gate.name, sizeof entry->gate.name, "%s", listener->name);
    entry->gate.proxy_protocol = listener->proxy_protocol;
    entry->gate.cells = mem_zalloc_aligned(_Alignof(struct gate_cell),
                                           doors->worker_count * sizeof *entry->gate.cells);
    entry->gate.tls = has_tls(listener) ? vault_keeper(doors->vault, listener->name) : NULL;
    entry->gate.hides_plain = listener->tls.plain_http == CONFIG_PLAIN_CLOSE;
    entry->gate.strips_client = strips_client(config, listener);
    entry->gate.trusted_count = (unsigned)listener->trusted.count;
    set_rate(doors, entry, listener);
    if (listener->trusted.count > 0) {
        size_t size = listener->trusted.count * sizeof *entry->gate.trusted;

        entry->gate.trusted = mem_alloc(size);
        memcpy(entry->gate.trusted, listener->trusted.items, size);
    }
    LIST_INSERT_HEAD(&doors->gates, entry, entry);
    return &entry->gate;
}

/* The open door of a listener: by its address, and where the kernel chooses the port by its name as well. */
static struct door *find_door(struct doors *doors, const struct config_listener *listener,
                              const struct address *asked)
{
    bool is_chosen = !address_is_unix(asked) && address_port(asked) == 0;
    struct door *door = NULL;

    LIST_FOREACH(door, &doors->open, entry)
    {
        if (address_is_equal(&door->asked, asked) &&
            (!is_chosen || strcmp(door->name, listener->name) == 0))
            return door;
    }
    return NULL;
}

static void close_fds(struct door *door, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        close(door->fds[i]);
}

static void read_bound(struct door *door)
{
    door->bound.len = sizeof door->bound.sa;
    (void)getsockname(door->fds[0], &door->bound.sa.any, &door->bound.len);
}

/* One socket per worker on the same address; a unix socket, and one that was open already, is one that all share. */
static int open_fds(struct door *door, unsigned count, int backlog)
{
    bool is_shared = address_is_unix(&door->asked) || door->is_inherited;

    door->bound = door->asked;
    for (unsigned i = 0; i < count; i++) {
        int err = ERR_OK;

        if (i == 0 && door->is_inherited) {
            read_bound(door);
        } else if (i > 0 && is_shared) {
            door->fds[i] = dup(door->fds[0]);
            err = door->fds[i] >= 0 ? ERR_OK : err_from_errno(errno);
        } else {
            err = listener_bind(&door->bound, backlog, 0666, &door->fds[i]);
        }
        if (err != ERR_OK) {
            int error = errno;

            close_fds(door, i);
            errno = error;
            return err;
        }
        if (i == 0 && !is_shared) /* port 0 became a real one */
            read_bound(door);
    }
    return ERR_OK;
}

static int open_door(struct doors *doors, const struct config_listener *listener,
                     const struct address *asked, char *words, unsigned words_size)
{
    struct door *door = mem_zalloc(sizeof *door);
    int err = ERR_OK;

    snprintf(door->name, sizeof door->name, "%s", listener->name);
    door->asked = *asked;
    door->fds[0] =
        doors->heirloom != NULL ? heirloom_take(doors->heirloom, listener->name, asked) : -1;
    door->is_inherited = door->fds[0] >= 0;
    err = open_fds(door, doors->worker_count, (int)listener->backlog);
    if (err != ERR_OK) {
        snprintf(words, words_size,
                 "listener %s: cannot listen on %s: %s; choose another address or stop who has it",
                 listener->name, listener->bind.text, strerror(errno));
        free(door);
        return err;
    }
    door->id = doors->next_id++;
    door->is_new = true;
    LIST_INSERT_HEAD(&doors->open, door, entry);
    return ERR_OK;
}

int doors_prepare(struct doors *doors, const struct config *config, char *words,
                  unsigned words_size)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];
        struct address asked;
        int err = address_from_endpoint(&listener->bind.endpoint, &asked);

        if (err == ERR_OK && find_door(doors, listener, &asked) == NULL)
            err = open_door(doors, listener, &asked, words, words_size);
        if (err != ERR_OK) {
            doors_cancel(doors);
            return err;
        }
    }
    return ERR_OK;
}

void doors_cancel(struct doors *doors)
{
    struct door *door = LIST_FIRST(&doors->open);

    while (door != NULL) {
        struct door *next = LIST_NEXT(door, entry);

        if (door->is_new) {
            close_fds(door, doors->worker_count);
            if (owns_file(door))
                unlink(door->asked.sa.un.sun_path);
            LIST_REMOVE(door, entry);
            free(door);
        }
        door = next;
    }
}

/* The doors that the configuration names get their gate; new ones go to the workers. */
static void open_wanted(struct doors *doors, const struct config *config)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];
        const struct gate *gate = find_gate(doors, config, listener);
        struct address asked;
        struct door *door = NULL;

        if (address_from_endpoint(&listener->bind.endpoint, &asked) != ERR_OK)
            continue;
        door = find_door(doors, listener, &asked);
        if (door == NULL)
            continue;
        door->is_wanted = true;
        if (door->is_new || door->gate != gate)
            crew_listen(doors->crew, door->id, door->is_new ? door->fds : NULL, gate);
        door->gate = gate;
        door->is_new = false;
    }
}

void doors_commit(struct doors *doors, const struct config *config)
{
    struct door *door = NULL;

    LIST_FOREACH(door, &doors->open, entry)
    door->is_wanted = false;
    open_wanted(doors, config);
    doors->heirloom = NULL; /* it goes when the doors are open */
    door = LIST_FIRST(&doors->open);
    while (door != NULL) {
        struct door *next = LIST_NEXT(door, entry);

        if (!door->is_wanted) {
            crew_unlisten(doors->crew, door->id);
            if (owns_file(door))
                unlink(door->asked.sa.un.sun_path);
            LIST_REMOVE(door, entry);
            free(door);
        }
        door = next;
    }
}

void doors_print(const struct doors *doors, struct text *out)
{
    struct door *door = NULL;
    const char *comma = "";
    char address[ADDRESS_TEXT_SIZE];

    LIST_FOREACH(door, &doors->open, entry)
    {
        address_format(&door->bound, address);
        text_add_format(out, "%s\"", comma);
        text_add_json(out, slice_from(door->gate->name));
        text_add(out, "\":\"");
        text_add_json(out, slice_from(address));
        text_add(out, "\"");
        comma = ",";
    }
}

static const struct config_listener *find_listener(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (strcmp(config->listeners[i].name, name) == 0)
            return &config->listeners[i];
    return NULL;
}

/* All gates of that name: a listener has several over its reloads. */
static uint64_t count_sessions(const struct doors *doors, const char *name)
{
    const struct gate_entry *entry = NULL;
    uint64_t count = 0;

    LIST_FOREACH(entry, &doors->gates, entry)
    for (unsigned i = 0; strcmp(entry->gate.name, name) == 0 && i < doors->worker_count; i++)
        count += atomic_load_explicit(&entry->gate.cells[i].sessions, memory_order_relaxed);
    return count;
}

/* The first gate of its name: the others are counted with it. */
static bool is_first(const struct doors *doors, const struct gate_entry *gate)
{
    const struct gate_entry *entry = NULL;

    LIST_FOREACH(entry, &doors->gates, entry)
    if (strcmp(entry->gate.name, gate->gate.name) == 0)
        return entry == gate;
    return false;
}

void doors_each(const struct doors *doors, const struct config *config,
                void (*fn)(void *arg, const char *listener, uint64_t connections), void *arg)
{
    const struct gate_entry *entry = NULL;

    LIST_FOREACH(entry, &doors->gates, entry)
    {
        uint64_t count = count_sessions(doors, entry->gate.name);

        if (is_first(doors, entry) &&
            (count > 0 || find_listener(config, entry->gate.name) != NULL))
            fn(arg, entry->gate.name, count);
    }
}

/* A listener that asks for certificates of clients lets us not in: we have none. */
static bool is_askable(const struct config_listener *listener, bool secure)
{
    return has_tls(listener) == secure && listener->tls.client_verify != CONFIG_VERIFY_REQUIRED;
}

static bool find_front(const struct doors *doors, const struct config *config, bool secure,
                       struct doors_front *out)
{
    const struct door *door = NULL;

    LIST_FOREACH(door, &doors->open, entry)
    {
        const struct config_listener *listener = find_listener(config, door->gate->name);

        if (door->is_new || listener == NULL || !is_askable(listener, secure))
            continue;
        *out = (struct doors_front){
            .address = door->bound,
            .listener = listener->name,
            .is_secure = secure,
            .proxy_protocol = listener->proxy_protocol ? 2 : 0,
        };
        return true;
    }
    return false;
}

bool doors_front(const struct doors *doors, const struct config *config,
                 const struct config_service *service, struct doors_front *out)
{
    bool wants_secure = service->https_redirect;

    return find_front(doors, config, wants_secure, out) ||
           find_front(doors, config, !wants_secure, out);
}
