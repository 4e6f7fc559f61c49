#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "CShims.h"

int swiftvm_poll_set(void) { return epoll_create1(EPOLL_CLOEXEC); }

int swiftvm_poll_set_add(int set, int fd, uint64_t number)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = number};
    return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

int swiftvm_poll_set_remove(int set, int fd)
{
    // Before Linux 2.6.9 the event must not be null.
    struct epoll_event event = {0};
    return epoll_ctl(set, EPOLL_CTL_DEL, fd, &event);
}

int swiftvm_poll_set_wait(int set, uint64_t *numbers, int count, int milliseconds)
{
    struct epoll_event events[16];
    if (count > 16)
        count = 16;
    int result;
    do
        result = epoll_wait(set, events, count, milliseconds);
    while (result < 0 && errno == EINTR);
    for (int index = 0; index < result; index++)
        numbers[index] = events[index].data.u64;
    return result;
}

int swiftvm_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void swiftvm_event_set(int event)
{
    uint64_t one = 1;
    ssize_t written;
    do
        written = write(event, &one, sizeof one);
    while (written < 0 && errno == EINTR);
}

int swiftvm_timer(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK); }

void swiftvm_timer_set(int timer, uint64_t nanoseconds)
{
    struct itimerspec time = {
        .it_value = {.tv_sec = (time_t)(nanoseconds / 1000000000), .tv_nsec = (long)(nanoseconds % 1000000000)}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &time, NULL);
}

bool swiftvm_timer_take(int timer)
{
    uint64_t count;
    return read(timer, &count, sizeof count) == sizeof count;
}

int swiftvm_poll_readable(int fd, long nanoseconds)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    struct timespec limit = {.tv_nsec = nanoseconds};
    return ppoll(&entry, 1, &limit, NULL);
}
