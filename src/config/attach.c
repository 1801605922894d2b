/* Files that options name: see attach_priv.h. */
#include "config/attach_priv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "config/config.h"
#include "config/input_file_priv.h"
#include "config/origin_priv.h"
#include "config/pins_file_priv.h"

#define WHY_MAX        1024
#define PAGE_BYTES_MAX 262144u

/* The bytes of the file that the option at `part` names, which the caller frees; NULL when an error
 * was reported there. */
static char *read_named_file(const char *option, char *const *part, uint64_t bytes_max,
                             const struct origin *origin, size_t *len)
{
    struct stat st;
    struct text why;
    char *bytes = NULL;
    int fd = -1;

    text_init(&why, WHY_MAX);
    fd = input_file_open(*part, bytes_max, &st, &why);
    if (fd >= 0) {
        bytes = input_file_read(fd, (size_t)st.st_size, len);
        close(fd);
    } else {
        origin_error(origin, part, NULL, "%s: %s", option, why.bytes);
    }
    text_fini(&why);
    return bytes;
}

static void attach_page(struct config_maint *maint, const struct origin *origin)
{
    size_t len = 0;
    char *bytes = read_named_file("page", &maint->page, PAGE_BYTES_MAX, origin, &len);

    if (bytes == NULL)
        return;
    if (memchr(bytes, '\0', len) != NULL || !text_is_utf8(slice_of(bytes, len)))
        origin_error(origin, &maint->page, NULL, "page: '%s' is not UTF-8 text without NUL bytes",
                     maint->page);
    maint->page_text = bytes;
}

static void attach_pins(struct config_service *service, const struct origin *origin)
{
    struct config_pins *pins = &service->tenant.pins;
    size_t len = 0;
    char *bytes = read_named_file("pins", &pins->file, PINS_FILE_BYTES_MAX, origin, &len);

    if (bytes == NULL)
        return;
    pins_file_parse(slice_of(bytes, len), service, pins, origin->scan->report);
    free(bytes);
}

void attach_files(struct config *config, const struct origin *origin)
{
    for (size_t i = 0; i < config->service_count; i++) {
        if (config->services[i].maint.page != NULL)
            attach_page(&config->services[i].maint, origin);
        if (config->services[i].tenant.pins.file != NULL)
            attach_pins(&config->services[i], origin);
    }
}
