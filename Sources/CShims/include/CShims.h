// The C that Swift cannot say: guarded reads of shared mappings, ancillary data on sockets, epoll, digests.
#ifndef SWIFTVM_CSHIMS_H
#define SWIFTVM_CSHIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// From here on [mapping, mapping + length) may be read, by any thread that does not block SIGBUS: a page that
/// the file no longer backs (SIGBUS) is replaced by zeroes, and the read goes on. The result is for swiftvm_guard_end(); any number of readings may overlap.
int swiftvm_guard_begin(const void *_Nonnull mapping, size_t length);

/// The reading has ended; false when a page was missing. Once for each swiftvm_guard_begin().
bool swiftvm_guard_end(int reading);

/// recvmsg(2) with descriptors. Writes at most `max_fds` descriptors (close-on-exec) to `fds` and their number to `fd_count`;
/// more than that are closed and `truncated` is set. Returns recvmsg's result (-1 with errno).
ssize_t swiftvm_receive(int socket, void *_Nonnull buffer, size_t length, int *_Nonnull fds,
                        size_t max_fds, size_t *_Nonnull fd_count, bool *_Nonnull truncated);

/// sendmsg(2) with `fd_count` descriptors as SCM_RIGHTS (and MSG_NOSIGNAL). Returns sendmsg's result (-1 with errno).
ssize_t swiftvm_send(int socket, const void *_Nonnull buffer, size_t length, const int *_Nullable fds,
                     size_t fd_count);

/// The same, but never waits (MSG_DONTWAIT).
ssize_t swiftvm_send_now(int socket, const void *_Nonnull buffer, size_t length,
                         const int *_Nullable fds, size_t fd_count);

/// Sends the NUL byte that opens a D-Bus connection, with this process's credentials as SCM_CREDENTIALS, so that a peer that sets
/// SO_PASSCRED only later still learns who sent it. Returns sendmsg's result (-1 with errno).
ssize_t swiftvm_send_credentials(int socket);

/// Connects a stream socket to the Unix socket at `path`; -1 with errno (ENAMETOOLONG for a path beyond sun_path).
int swiftvm_connect_unix(const char *_Nonnull path);

/// The same without waiting, on a non-blocking socket; -1 with errno EAGAIN when as many clients wait to be accepted as
/// the listener allows.
int swiftvm_connect_unix_now(const char *_Nonnull path);

/// Binds and listens on a Unix stream socket at `path`; -1 with errno.
int swiftvm_listen_unix(const char *_Nonnull path);

/// Binds a Unix stream socket to the abstract name (unix(7); no file, and free again when its socket is closed, however
/// its process ended) and listens, non-blocking; -1 with errno, EADDRINUSE when the name is taken.
int swiftvm_listen_abstract(const char *_Nonnull name);

/// Connects to that abstract name without waiting; -1 with errno, ECONNREFUSED when nobody has it.
int swiftvm_connect_abstract_now(const char *_Nonnull name);

/// Who is at the other end of a connected Unix socket (SO_PEERCRED): for a client, who called listen(2); for an accepted one, who called
/// connect(2). The process is 0 where it cannot be seen from here. 0, or -1 with errno.
int swiftvm_peer(int socket, pid_t *_Nonnull process, uid_t *_Nonnull user);

/// Accepts a client, non-blocking and closed on exec; -1 with errno.
int swiftvm_accept(int listener);

/// socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC); 0 or -1 with errno.
int swiftvm_socketpair(int fds[_Nonnull 2]);

/// memfd_create(2) with MFD_CLOEXEC and, if asked, MFD_ALLOW_SEALING; -1 with errno.
int swiftvm_memfd(const char *_Nonnull name, bool sealable);

/// The descriptor that is readable when work waits on libdispatch's main queue (swift-corelibs-libdispatch, private.h).
int _dispatch_get_main_queue_handle_4CF(void);

/// Does the work that waits on libdispatch's main queue; `message` is null. Main thread alone.
void _dispatch_main_queue_callback_4CF(void *_Nullable message);

/// What kind of file system a file is on (statfs(2), f_type); -1 with errno.
long swiftvm_file_system(int fd);

/// fcntl(fd, F_DUPFD_CLOEXEC): a second descriptor of the same file; -1 with errno.
int swiftvm_duplicate(int fd);

/// Whether a descriptor is a dma-buf's (fstatfs(2): DMA_BUF_MAGIC).
bool swiftvm_is_dma_buf(int fd);

/// DMA_BUF_IOCTL_SYNC around a reading by the CPU; 0, or -1 with errno.
int swiftvm_dma_buf_begin_read(int fd);
int swiftvm_dma_buf_end_read(int fd);

/// DMA_BUF_IOCTL_EXPORT_SYNC_FILE for reading: a sync file that is signalled when what is drawn into the buffer now is there; -1 with errno (ENOTTY
/// before Linux 6.0).
int swiftvm_dma_buf_fence(int fd);

/// A set of descriptors to wait for (epoll_create1(2)); -1 with errno.
int swiftvm_poll_set(void);

/// Has the set wait until `fd` is readable, and tell then of `number`, until it is removed. 0, or -1 with errno.
int swiftvm_poll_set_add(int set, int fd, uint64_t number);

/// Takes a descriptor out of a set. Closing does not, while another descriptor of the same file is open (epoll(7)). 0, or -1 with errno.
int swiftvm_poll_set_remove(int set, int fd);

/// Waits, not longer than so many milliseconds (-1: without end), for what is readable. Writes at most `count` numbers, and not more than 16 at a
/// time; returns how many, or -1 with errno.
int swiftvm_poll_set_wait(int set, uint64_t *_Nonnull numbers, int count, int milliseconds);

/// Waits for so many nanoseconds, less than a second, until a descriptor is readable or at its end (ppoll(2)). 1 when it is, 0, or -1 with errno.
int swiftvm_poll_readable(int fd, long nanoseconds);

/// A descriptor that is readable for good once it was set (eventfd(2)); -1 with errno.
int swiftvm_event(void);
void swiftvm_event_set(int event);

/// A timer (timerfd_create(2)) that is not set, and readable from its time on until that was taken; -1 with errno.
int swiftvm_timer(void);
/// Sets a timer to a time of CLOCK_MONOTONIC in nanoseconds, which may have passed; 0 stops it.
void swiftvm_timer_set(int timer, uint64_t nanoseconds);
/// Whether a timer's time has come since it was set or taken last. Never waits.
bool swiftvm_timer_take(int timer);

/// Zeroed memory of that many bytes and, in `*descriptor`, the file that it is a mapping of (memfd_create(2)), for others to map; -1 and memory of this
/// process alone where there may be no more files. Null when there is no memory. Unmap it, and close the descriptor.
void *_Nullable swiftvm_shareable_memory(size_t length, int *_Nonnull descriptor);

/// So many bytes of a row have a digest.
#define SWIFTVM_TILE 512
/// How many random bytes the digests are made with.
#define SWIFTVM_DIGEST_KEYS 160

/// Whether this processor makes digests faster than it reads memory: with AES-NI.
bool swiftvm_has_digests(void);

/// Makes the digests of a row's tiles, the last of which may be shorter, and writes them over those that `digests` has: of 63 bits, one for each SWIFTVM_TILE bytes, 0 for
/// what is not known. The bytes from `*first` to before `*end` hold all tiles whose digest was another; false when none was.
bool swiftvm_row_changes(const void *_Nonnull row, size_t length, const void *_Nonnull keys,
                         uint64_t *_Nonnull digests, size_t *_Nonnull first, size_t *_Nonnull end);

#endif
