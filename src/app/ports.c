/* Where we listen, for others to read: see ports.h. A file that cannot be written is only a warning. */
#include "app/ports.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/doors.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "control/api.h"

enum { PORTS_BYTES = 65536 };

static void write_file(const char *run_dir, const char *name, struct slice content)
{
    char *path = mem_format("%s/%s", run_dir, name);
    char *fresh = mem_format("%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool is_written = fd >= 0 && write(fd, content.ptr, content.len) == (ssize_t)content.len;

    if (fd >= 0)
        close(fd);
    if (!is_written || rename(fresh, path) != 0)
        LOG_WARN("run_file", "path=%s cannot be written: %s", path, strerror(errno));
    free(fresh);
    free(path);
}

void ports_write(const char *run_dir, const struct doors *doors, const struct api *api)
{
    struct text text;
    char address[ADDRESS_TEXT_SIZE] = "";

    text_init(&text, PORTS_BYTES);
    text_add_format(&text, "%ld\n", (long)getpid());
    write_file(run_dir, "switchyard.pid", text_slice(&text));
    text_clear(&text);
    text_add(&text, "{\"listeners\":{");
    doors_print(doors, &text);
    text_add(&text, "}");
    if (api != NULL) {
        struct address bound;

        api_address(api, &bound);
        address_format(&bound, address);
        text_add_format(&text, ",\"api\":\"%s\"", address);
    }
    text_add_format(&text, ",\"pid\":%ld}\n", (long)getpid());
    write_file(run_dir, "ports.json", text_slice(&text));
    text_fini(&text);
}

void ports_remove(const char *run_dir)
{
    static const char *const names[] = { "ports.json", "switchyard.pid" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = mem_format("%s/%s", run_dir, names[i]);

        (void)unlink(path);
        free(path);
    }
}
