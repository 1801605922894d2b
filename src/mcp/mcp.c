/* Lines from a descriptor to a conversation: see mcp/mcp.h. */
#include "mcp/mcp.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "mcp/conversation_priv.h"

/* What was read of the line under way. */
struct reader {
    struct text line;
    bool is_long; /* too long: the rest is skipped */
};

static int end_line(struct reader *reader, struct conversation *talk)
{
    struct slice line = text_slice(&reader->line);
    int err = ERR_OK;

    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (reader->is_long)
        err = conversation_refuse_long(talk);
    else if (line.len > 0)
        err = conversation_take(talk, line);
    text_clear(&reader->line);
    reader->is_long = false;
    return err;
}

static int take_bytes(struct reader *reader, struct conversation *talk, struct slice bytes)
{
    while (bytes.len > 0) {
        const char *feed = memchr(bytes.ptr, '\n', bytes.len);
        size_t len = feed != NULL ? (size_t)(feed - bytes.ptr) : bytes.len;

        text_add_slice(&reader->line, slice_of(bytes.ptr, len));
        if (text_is_cut(&reader->line))
            reader->is_long = true;
        if (feed == NULL)
            return 0;
        if (end_line(reader, talk) < 0)
            return ERR_IO;
        bytes = slice_of(bytes.ptr + len + 1, bytes.len - len - 1);
    }
    return 0;
}

int mcp_run(const struct mcp_options *options)
{
    struct reader reader = { .is_long = false };
    struct conversation *talk = conversation_new(options);
    char bytes[64 * 1024];
    int err = ERR_OK;

    text_init(&reader.line, CONVERSATION_MESSAGE_MAX);
    while (err == ERR_OK) {
        ssize_t count = read(options->in, bytes, sizeof bytes);

        if (count > 0)
            err = take_bytes(&reader, talk, slice_of(bytes, (size_t)count));
        else if (count < 0 && errno == EAGAIN)
            (void)poll(&(struct pollfd){ .fd = options->in, .events = POLLIN }, 1, -1);
        else if (count == 0 || errno != EINTR)
            break;
    }
    conversation_free(talk);
    text_fini(&reader.line);
    return err;
}
