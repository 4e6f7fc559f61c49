// What lies under SDL's windows, and what SDL does not say: the display server's connection, Wayland's frame callbacks, X11's
// own words for a mouse's motion. One thread, the one that runs SDL's events.
#ifndef SWIFTVM_CSHIMSSDL_H
#define SWIFTVM_CSHIMSSDL_H

#include <stdbool.h>
#include <stdint.h>

struct SDL_Window;

typedef enum {
    SWIFTVM_SDL_OTHER,
    SWIFTVM_SDL_X11,
    SWIFTVM_SDL_WAYLAND,
} swiftvm_sdl_kind;

/// The connection to the display server under SDL.
typedef struct {
    swiftvm_sdl_kind kind;
    /// `Display *` or `wl_display *`; `struct gbm_device *` on bare KMS; null for others.
    void *_Nullable display;
} swiftvm_sdl_connection;

/// The connection of a window.
swiftvm_sdl_connection swiftvm_sdl_connection_of(struct SDL_Window *_Nonnull window);

/// Waits for the display server, for `wake` or `other` (descriptors, -1: none) or until the time is over (-1: without end), whichever comes first; at once when
/// events wait already, with the server's library or in SDL's queue. Events are read, and left to SDL_PumpEvents.
void swiftvm_sdl_wait(swiftvm_sdl_connection connection, int wake, int other,
                      int timeout_ms);

/// From now on, neither an error of the X server nor the end of its connection ends the program; the latter is noted. For the life of the
/// program.
void swiftvm_sdl_note_x11_end(void *_Nonnull display);

/// Names an X11 window as old programs read it (WM_NAME, ICCCM 4.1.2.1), which SDL writes in an encoding that none of them knows. Nothing happens to
/// other windows.
void swiftvm_sdl_name_window(struct SDL_Window *_Nonnull window, const char *_Nonnull title);

/// Whether the connection has ended.
bool swiftvm_sdl_has_ended(swiftvm_sdl_connection connection);

/// Asks a Wayland compositor to make a window full screen on the monitor of its choice, which SDL would name itself. False when it is not on
/// Wayland or not shown.
bool swiftvm_sdl_fill_any_monitor(struct SDL_Window *_Nonnull window);

/// The X11 window under a window of SDL; 0 when it is none.
unsigned long swiftvm_sdl_x11_window(struct SDL_Window *_Nonnull window);

/// Asks X11's window manager to make a window that is shown full screen, or no longer (EWMH, _NET_WM_STATE). False when there is no window manager that
/// can. SDL's own way takes monitors that it believes to be one for one, and minimizes what fills it.
bool swiftvm_sdl_x11_fill(struct SDL_Window *_Nonnull window, bool on);

/// Whether the X server still has a window of SDL's.
bool swiftvm_sdl_x11_is_there(struct SDL_Window *_Nonnull window);

/// Whether X11's window manager says that the window is full screen.
bool swiftvm_sdl_x11_is_full(struct SDL_Window *_Nonnull window);

/// From now on SDL passes on what X11 tells.
void swiftvm_sdl_x11_pass_events(void);

/// What X11 told of a window.
typedef enum {
    SWIFTVM_SDL_X11_NONE,
    /// Its _NET_WM_STATE is another.
    SWIFTVM_SDL_X11_STATE,
    /// It is gone.
    SWIFTVM_SDL_X11_DESTROYED,
} swiftvm_sdl_x11_change_kind;

typedef struct {
    swiftvm_sdl_x11_change_kind kind;
    unsigned long window;
} swiftvm_sdl_x11_change;

/// What an event of SDL's says that X11 told; none where it is something else.
swiftvm_sdl_x11_change swiftvm_sdl_x11_change_of(const void *_Nonnull sdl_event);

/// From now on notes where SDL takes its windows to be, each step; SDL's own queue keeps a window's last one alone.
void swiftvm_sdl_watch_moves(void);

/// The next step that was noted; false when there is none. SDL's number of the window, and SDL's coordinates.
bool swiftvm_sdl_next_move(uint32_t *_Nonnull window, int *_Nonnull x, int *_Nonnull y);

/// A Wayland window's wish for its next frame.
typedef struct swiftvm_sdl_frame swiftvm_sdl_frame;

/// A wish of that window, not yet made; null when it is not on Wayland.
swiftvm_sdl_frame *_Nullable swiftvm_sdl_frame_new(struct SDL_Window *_Nonnull window);

/// Asks to be told when the compositor wants the frame after the one that is committed next.
void swiftvm_sdl_frame_request(swiftvm_sdl_frame *_Nonnull frame);

/// Whether the compositor has not answered yet.
bool swiftvm_sdl_frame_is_pending(const swiftvm_sdl_frame *_Nonnull frame);

/// Forgets the wish; before the window is destroyed.
void swiftvm_sdl_frame_free(swiftvm_sdl_frame *_Nonnull frame);

/// A Wayland window's pictures in memory that the compositor shares (wl_shm): SDL 2.26 has none on Wayland without GL.
typedef struct swiftvm_sdl_memory swiftvm_sdl_memory;

/// How many pictures there are at most.
#define SWIFTVM_SDL_PICTURES 4

/// Those of a window; null when it is not on Wayland, or there is no wl_shm.
swiftvm_sdl_memory *_Nullable swiftvm_sdl_memory_new(struct SDL_Window *_Nonnull window);

/// A picture of that size to draw into, `stride` bytes a row, 0xXXRRGGBB. `index` tells which; `is_new` that nothing is in it yet. Never waits: when the
/// compositor has all, the one it has had longest is replaced. Null when there is no memory.
void *_Nullable swiftvm_sdl_memory_begin(swiftvm_sdl_memory *_Nonnull memory, int width, int height,
                                         int *_Nonnull stride, int *_Nonnull index,
                                         bool *_Nonnull is_new);

/// Shows the picture of the last begin; `rects` are `count` times x, y, width and height of what differs from what is shown.
void swiftvm_sdl_memory_commit(swiftvm_sdl_memory *_Nonnull memory, const int *_Nonnull rects,
                               int count);

/// Frees all; before the window is destroyed.
void swiftvm_sdl_memory_free(swiftvm_sdl_memory *_Nonnull memory);

/// A relative mouse's motion on X11 in counts, as XInput has it, on a connection of its own. SDL's own drops a motion that equals the one
/// before it in the same millisecond, because its connection, which holds the pointer, is told of each one twice.
typedef struct swiftvm_sdl_motion swiftvm_sdl_motion;

/// Connects to the server of that `Display *`; null where it has no XInput 2.1. For the life of the program.
swiftvm_sdl_motion *_Nullable swiftvm_sdl_motion_open(void *_Nonnull display);

/// Readable when there may be motion.
int swiftvm_sdl_motion_descriptor(const swiftvm_sdl_motion *_Nonnull motion);

/// Begins, or ends and forgets what has not been taken.
void swiftvm_sdl_motion_set(swiftvm_sdl_motion *_Nonnull motion, bool on);

/// The next motion that has arrived; false when there is none.
bool swiftvm_sdl_motion_next(swiftvm_sdl_motion *_Nonnull motion, double *_Nonnull dx,
                             double *_Nonnull dy);

#endif
