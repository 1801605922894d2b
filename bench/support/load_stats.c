/* See load_stats.h. */
#include "support/load_stats.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/num.h"
#include "base/slice.h"
#include "base/text.h"

uint64_t load_stats_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Nanoseconds on a CPU of one thread, the first number of its schedstat file; 0 when it is gone. */
static uint64_t read_thread_cpu_ns(const char *path)
{
    char line[128] = "";
    struct slice rest = { 0 };
    struct slice number = { 0 };
    uint64_t ns = 0;
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return 0;
    if (fgets(line, sizeof line, file) != NULL)
        rest = slice_from(line);
    fclose(file);
    if (!slice_next(&rest, ' ', &number) || num_parse_u64(number, UINT64_MAX, &ns) != ERR_OK)
        return 0;
    return ns;
}

uint64_t load_stats_cpu_ns(uint64_t pid)
{
    char folder[64] = "";
    char path[384] = "";
    uint64_t sum = 0;
    struct dirent *entry = NULL;

    snprintf(folder, sizeof folder, "/proc/%" PRIu64 "/task", pid);
    DIR *tasks = opendir(folder);
    while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s/schedstat", folder, entry->d_name);
        sum += read_thread_cpu_ns(path);
    }
    if (tasks != NULL)
        closedir(tasks);
    return sum;
}

/* 32 steps per power of two: a quantile is exact to 3 %. */
static size_t bucket_of(uint64_t ns)
{
    unsigned power = ns < 32 ? 5 : 63u - (unsigned)__builtin_clzll(ns);
    size_t index = (size_t)(power - 5) * 32 + (size_t)(ns >> (power - 5));

    return index < LOAD_STATS_BUCKETS ? index : LOAD_STATS_BUCKETS - 1;
}

static double bucket_us(size_t index)
{
    size_t power = index < 32 ? 0 : index / 32 - 1;

    return (double)((uint64_t)(index - power * 32) << power) / 1000;
}

void load_stats_add(struct load_stats *stats, uint64_t ns)
{
    stats->count++;
    stats->buckets[bucket_of(ns)]++;
    if (ns > stats->max_ns)
        stats->max_ns = ns;
}

double load_stats_quantile_us(const struct load_stats *stats, double share)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < LOAD_STATS_BUCKETS; i++) {
        sum += stats->buckets[i];
        if (stats->count > 0 && (double)sum >= share * (double)stats->count)
            return bucket_us(i);
    }
    return 0;
}

void load_stats_count_value(struct load_values *values, const char *name)
{
    for (size_t i = 0; i < LOAD_STATS_VALUES; i++) {
        if (values->counts[i] == 0)
            (void)slice_copy(slice_from(name), values->names[i], sizeof values->names[i]);
        if (strcmp(values->names[i], name) != 0)
            continue;
        values->counts[i]++;
        return;
    }
}

void load_stats_print_values(const struct load_values *values)
{
    printf("{");
    for (size_t i = 0; i < LOAD_STATS_VALUES && values->counts[i] > 0; i++) {
        struct text name;
        text_init(&name, 256);
        text_add_json(&name, slice_from(values->names[i]));
        printf("%s\"%s\": %" PRIu64, i > 0 ? ", " : "", name.bytes != NULL ? name.bytes : "",
               values->counts[i]);
        text_fini(&name);
    }
    printf("}");
}
