/* The terminal: see screen.h. What signal handlers touch is written before they are set. */
#include "ctl/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"

enum { EXIT_SIGNAL = 128, ROWS = 24, COLUMNS = 80 };

static struct termios usual;
static volatile sig_atomic_t is_open;
static volatile sig_atomic_t is_stale;

static void put(const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t count = write(STDOUT_FILENO, bytes, len);

        if (count < 0 && errno != EINTR && errno != EAGAIN)
            return;
        if (count > 0) {
            bytes += count;
            len -= (size_t)count;
        }
    }
}

/* Safe in a handler. */
static void enter(void)
{
    struct termios raw = usual;

    raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    put(ENTER, sizeof ENTER - 1);
    is_open = 1;
}

void screen_close(void)
{
    if (!is_open)
        return;
    is_open = 0;
    put(LEAVE, sizeof LEAVE - 1);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &usual);
}

static void on_end(int number)
{
    screen_close();
    _exit(EXIT_SIGNAL + number);
}

static void on_resize(int number)
{
    (void)number;
    is_stale = 1;
}

/* The shell gets its terminal as it was; when we are called back the screen is drawn anew. */
static void on_stop(int number)
{
    int saved = errno;

    (void)number;
    screen_close();
    (void)raise(SIGSTOP);
    enter();
    is_stale = 1;
    errno = saved;
}

void screen_open(void)
{
    static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

    if (tcgetattr(STDIN_FILENO, &usual) != 0)
        return;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        sigaction(ends[i], &(struct sigaction){ .sa_handler = on_end }, NULL);
    sigaction(SIGWINCH, &(struct sigaction){ .sa_handler = on_resize }, NULL);
    sigaction(SIGTSTP, &(struct sigaction){ .sa_handler = on_stop }, NULL);
    enter();
}

void screen_size(unsigned *rows, unsigned *columns)
{
    struct winsize size = { 0 };

    *rows = ROWS;
    *columns = COLUMNS;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
        return;
    *rows = size.ws_row;
    *columns = size.ws_col;
}

void screen_write(struct slice bytes)
{
    put(bytes.ptr, bytes.len);
}

int screen_key(uint64_t until_us)
{
    for (;;) {
        struct pollfd entry = { .fd = STDIN_FILENO, .events = POLLIN };
        uint64_t now_us = clock_monotonic_us();
        unsigned char key = 0;
        int count = 0;

        if (is_stale) {
            is_stale = 0;
            return -1;
        }
        if (now_us >= until_us)
            return 0;
        count = poll(&entry, 1, (int)((until_us - now_us) / 1000 + 1));
        if (count > 0 && (entry.revents & POLLIN) == 0)
            return 'q'; /* the terminal is gone */
        if (count > 0 && read(STDIN_FILENO, &key, 1) == 1)
            return key;
    }
}
