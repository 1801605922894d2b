/*
 * What a load run measures: latencies in a histogram exact to 3 %, and the CPU time of a process.
 * Used by bench_load.
 */
#ifndef LOAD_STATS_H
#define LOAD_STATS_H

#include <stdint.h>

#define LOAD_STATS_BUCKETS 2048

struct load_stats {
    uint64_t max_ns;
    uint64_t count;
    uint64_t buckets[LOAD_STATS_BUCKETS];
};

void load_stats_add(struct load_stats *stats, uint64_t ns);
double load_stats_quantile_us(const struct load_stats *stats, double share);

/* How many answers had which value of one field; at most LOAD_STATS_VALUES values are told apart. */
#define LOAD_STATS_VALUES 8

struct load_values {
    char names[LOAD_STATS_VALUES][32];
    uint64_t counts[LOAD_STATS_VALUES];
};

void load_stats_count_value(struct load_values *values, const char *name);

/* {"blue": 10, "green": 5} to standard output. */
void load_stats_print_values(const struct load_values *values);

/* The monotonic clock in nanoseconds. */
uint64_t load_stats_clock_ns(void);

/* Nanoseconds on a CPU of all threads of a process so far; 0 when it is gone. */
uint64_t load_stats_cpu_ns(uint64_t pid);

#endif
