#define _GNU_SOURCE
#include "CShimsTesting.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>

enum { SIDE = 64, STRETCH = 128 << 10, SEND_BUFFER = 8 << 20 };

static uint64_t nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void sleep_until(uint64_t time) {
    const struct timespec until = {.tv_sec = (time_t)(time / 1000000000), .tv_nsec = (long)(time % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) {}
}

// The peer's process: whole messages, at a steady pace.
static void send_messages(int socket, size_t length, unsigned rate, unsigned count) {
    char *message = malloc(length);
    if (!message) _exit(1);
    const uint64_t begin = nanoseconds(CLOCK_MONOTONIC);
    for (unsigned number = 1; number <= count; number++) {
        sleep_until(begin + (uint64_t)number * 1000000000 / rate);
        memset(message, (int)number, length);
        for (size_t sent = 0; sent < length;) {
            const ssize_t got = send(socket, message + sent, length - sent, MSG_NOSIGNAL);
            if (got <= 0) _exit(1);
            sent += (size_t)got;
        }
    }
    _exit(0);
}

static int connect_monitor(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -1;
    strcpy(address.sun_path, path);
    const int monitor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char answer[4096];
    static const char begin[] = "{\"execute\": \"qmp_capabilities\"}\n";
    // The greeting, then the answer to that.
    if (monitor >= 0 && connect(monitor, (struct sockaddr *)&address, sizeof address) == 0 &&
        recv(monitor, answer, sizeof answer, 0) > 0 &&
        send(monitor, begin, sizeof begin - 1, MSG_NOSIGNAL) == sizeof begin - 1 &&
        recv(monitor, answer, sizeof answer, 0) > 0)
        return monitor;
    if (monitor >= 0) close(monitor);
    return -1;
}

struct asking {
    int monitor;
    unsigned rate;
    _Atomic bool is_over, has_failed;
};

static void *ask(void *context) {
    struct asking *asking = context;
    static const char request[] =
        "{\"execute\": \"screendump\", \"arguments\": {\"filename\": \"\"}, \"id\": \"bare\"}\n";
    char answer[4096];
    uint64_t next = nanoseconds(CLOCK_MONOTONIC);
    while (!asking->is_over) {
        next += 1000000000 / asking->rate;
        sleep_until(next);
        recv(asking->monitor, answer, sizeof answer, MSG_DONTWAIT);
        if (send(asking->monitor, request, sizeof request - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
            asking->has_failed = true;
            break;
        }
    }
    return NULL;
}

struct window {
    xcb_connection_t *connection;
    xcb_window_t window;
    xcb_gcontext_t context;
    xcb_shm_seg_t segment;
    uint8_t depth;
    char *pixels;
    xcb_get_input_focus_cookie_t reply;
};

static bool open_window(struct window *window) {
    window->connection = xcb_connect(NULL, NULL);
    if (xcb_connection_has_error(window->connection)) return false;
    const xcb_screen_t *screen = xcb_setup_roots_iterator(xcb_get_setup(window->connection)).data;
    window->depth = screen->root_depth;
    window->window = xcb_generate_id(window->connection);
    window->context = xcb_generate_id(window->connection);
    window->segment = xcb_generate_id(window->connection);
    xcb_create_window(window->connection, XCB_COPY_FROM_PARENT, window->window, screen->root, 0, 0, SIDE, SIDE,
                      0, XCB_WINDOW_CLASS_INPUT_OUTPUT, screen->root_visual, 0, NULL);
    xcb_map_window(window->connection, window->window);
    xcb_create_gc(window->connection, window->context, window->window, 0, NULL);
    const int memory = shmget(IPC_PRIVATE, SIDE * SIDE * 4, IPC_CREAT | 0600);
    if (memory < 0) return false;
    window->pixels = shmat(memory, NULL, 0);
    xcb_generic_error_t *error = xcb_request_check(
        window->connection,
        xcb_shm_attach_checked(window->connection, window->segment, (uint32_t)memory, true));
    shmctl(memory, IPC_RMID, NULL);
    free(error);
    window->reply = xcb_get_input_focus(window->connection);
    xcb_flush(window->connection);
    return !error && window->pixels != (void *)-1 && !xcb_connection_has_error(window->connection);
}

static bool put(struct window *window, const char *message) {
    // The server has read what was put before.
    xcb_get_input_focus_reply_t *reply = xcb_get_input_focus_reply(window->connection, window->reply, NULL);
    if (!reply) return false;
    free(reply);
    memcpy(window->pixels, message, SIDE * SIDE * 4);
    xcb_shm_put_image(window->connection, window->window, window->context, SIDE, SIDE, 0, 0, SIDE, SIDE, 0, 0,
                      window->depth, XCB_IMAGE_FORMAT_Z_PIXMAP, false, window->segment, 0);
    window->reply = xcb_get_input_focus(window->connection);
    return xcb_flush(window->connection) > 0;
}

static bool receive(int socket, char *buffer, size_t length) {
    while (length > 0) {
        const ssize_t got = recv(socket, buffer, length < STRETCH ? length : STRETCH, MSG_DONTWAIT);
        if (got > 0) {
            length -= (size_t)got;
            continue;
        }
        if (got == 0 || errno != EAGAIN) return false;
        struct pollfd entry = {.fd = socket, .events = POLLIN};
        poll(&entry, 1, -1);
    }
    return true;
}

int64_t swiftvm_bare_frame(const char *monitor, size_t length, unsigned rate, unsigned asks, unsigned count) {
    int ends[2];
    const int size = SEND_BUFFER;
    struct asking asking = {.monitor = connect_monitor(monitor), .rate = asks};
    struct window window;
    // A stretch is overwritten by the next.
    char *buffer = malloc(STRETCH);
    if (length < STRETCH || rate == 0 || count < 2 || asking.monitor < 0 || !buffer ||
        !open_window(&window) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    const pid_t peer = fork();
    if (peer < 0) return -1;
    if (peer == 0) {
        close(ends[1]);
        send_messages(ends[0], length, rate, count);
    }
    close(ends[0]);
    pthread_t thread;
    bool works = receive(ends[1], buffer, length);
    const uint64_t begin = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    bool is_asking = false;
    if (works && asks > 0) works = is_asking = pthread_create(&thread, NULL, ask, &asking) == 0;
    for (unsigned number = 1; works && number < count; number++) {
        works = receive(ends[1], buffer, length) && put(&window, buffer);
    }
    if (is_asking) {
        asking.is_over = true;
        pthread_join(thread, NULL);
        works = works && !asking.has_failed;
    }
    const uint64_t end = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    kill(peer, SIGTERM);
    waitpid(peer, NULL, 0);
    return works ? (int64_t)((end - begin) / (count - 1)) : -1;
}
