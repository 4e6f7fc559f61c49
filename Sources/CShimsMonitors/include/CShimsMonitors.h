// The monitors of a display server, asked for on a short-lived connection of its own, so that no toolkit is needed and every
// toolkit's monitors get the same names.
#ifndef SWIFTVM_CSHIMSMONITORS_H
#define SWIFTVM_CSHIMSMONITORS_H

#include <stdbool.h>
#include <stdint.h>

/// One monitor. Texts are UTF-8 as the server sent them, cut off where too long, empty when unknown.
typedef struct {
    /// The connector: `DP-1`, `HEADLESS-1`.
    char name[128];
    /// For people: maker and model.
    char description[256];
    /// Position and size in the server's own coordinates: on Wayland logical ones, on X11 pixels.
    int32_t x, y, width, height;
    /// Size in pixels, as the picture lies on the desktop (a turned monitor has its sides swapped).
    int32_t pixel_width, pixel_height;
    /// Size in millimetres; 0 when unknown.
    int32_t mm_width, mm_height;
    bool is_primary;
} swiftvm_monitor;

/// Stores at most `capacity` monitors of the Wayland compositor at `socket`, in the order it names them. Waits for the compositor.
/// Returns their number, or -1 where there is no connection.
int swiftvm_monitors_of_wayland(const char *_Nonnull socket, swiftvm_monitor *_Nonnull monitors,
                                int capacity);

/// The same of the X server called `display`: its RandR 1.5 monitors, else its RandR outputs, else the whole screen.
int swiftvm_monitors_of_x11(const char *_Nonnull display, swiftvm_monitor *_Nonnull monitors,
                            int capacity);

/// A connection to an X server that is told when monitors change (RandR's screen, CRTC and output notices).
typedef struct swiftvm_monitor_watch swiftvm_monitor_watch;

/// Watches the X server called `display`; null where there is none, or it has no RandR 1.2.
swiftvm_monitor_watch *_Nullable swiftvm_monitor_watch_x11(const char *_Nonnull display);

/// Readable when the server has said something, or is gone.
int swiftvm_monitor_watch_descriptor(const swiftvm_monitor_watch *_Nonnull watch);

/// Reads what the server said: 1 when monitors changed, 0 when not, -1 when the server is gone.
int swiftvm_monitor_watch_read(swiftvm_monitor_watch *_Nonnull watch);

/// Ends the connection.
void swiftvm_monitor_watch_free(swiftvm_monitor_watch *_Nonnull watch);

#endif
