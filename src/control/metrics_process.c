/* The process itself: see metrics_process_priv.h. */
#include "control/metrics_process_priv.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/exposition_priv.h"

/* Linux tells the number of descriptors as the size of this folder (6.2 and later); else they are counted. */
static uint64_t count_descriptors(void)
{
    struct stat st;
    DIR *folder = NULL;
    uint64_t count = 0;

    if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0)
        return (uint64_t)st.st_size;
    folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count > 0 ? count - 1 : 0; /* without the one that reads the folder */
}

struct memory {
    uint64_t virtual_bytes;
    uint64_t resident_bytes;
};

static struct memory read_memory(void)
{
    struct memory memory = { 0 };
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    char line[128];
    char *end = NULL;
    ssize_t got = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return memory;
    got = read(fd, line, sizeof line - 1);
    close(fd);
    if (got <= 0)
        return memory;
    line[got] = '\0';
    memory.virtual_bytes = strtoull(line, &end, 10) * page;
    memory.resident_bytes = strtoull(end, NULL, 10) * page;
    return memory;
}

static uint64_t cpu_us(void)
{
    struct rusage usage = { 0 };

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

void metrics_process_write(uint64_t started_wall_us, struct text *out)
{
    struct exposition x = { .out = out };
    struct memory memory = read_memory();
    struct rlimit limit = { 0 };

    getrlimit(RLIMIT_NOFILE, &limit);
    exposition_open(&x, "process_cpu_seconds_total", EXPOSITION_COUNTER,
                    "User and system CPU time of the process.");
    exposition_seconds(&x, "", cpu_us());
    exposition_open(&x, "process_resident_memory_bytes", EXPOSITION_GAUGE,
                    "Resident memory of the process.");
    exposition_u64(&x, "", memory.resident_bytes);
    exposition_open(&x, "process_virtual_memory_bytes", EXPOSITION_GAUGE,
                    "Virtual memory of the process.");
    exposition_u64(&x, "", memory.virtual_bytes);
    exposition_open(&x, "process_open_fds", EXPOSITION_GAUGE, "Open descriptors of the process.");
    exposition_u64(&x, "", count_descriptors());
    exposition_open(&x, "process_max_fds", EXPOSITION_GAUGE,
                    "Descriptors the process may open at most.");
    exposition_u64(&x, "", (uint64_t)limit.rlim_cur);
    exposition_open(&x, "process_start_time_seconds", EXPOSITION_GAUGE,
                    "Start of the process in seconds since 1970.");
    exposition_seconds(&x, "", started_wall_us);
}
