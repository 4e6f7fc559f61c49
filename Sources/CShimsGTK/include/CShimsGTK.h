// What GTK says in macros, casts and varargs, for Swift; and the Wayland protocols that GTK 3 has no API for.
#ifndef SWIFTVM_CSHIMSGTK_H
#define SWIFTVM_CSHIMSGTK_H

#include <gdk/gdkwayland.h>
#include <gdk/gdkx.h>
#include <gtk/gtk.h>
#include <stdbool.h>

#include "idle-inhibit-unstable-v1.h"
#include "pointer-constraints-unstable-v1.h"
#include "relative-pointer-unstable-v1.h"

/// Whether GDK speaks X11 on that display.
bool swiftvm_display_is_x11(GdkDisplay *_Nonnull display);

/// Whether GDK speaks Wayland on that display.
bool swiftvm_display_is_wayland(GdkDisplay *_Nonnull display);

/// Keeps GDK from drawing over a widget that draws its native window itself (gtk_widget_set_double_buffered, deprecated without
/// a successor).
void swiftvm_widget_draws_itself(GtkWidget *_Nonnull widget);

/// A modal message dialog without buttons: plain text above, plain text below (may be null).
GtkWidget *_Nonnull swiftvm_message_dialog(GtkWindow *_Nullable parent, GtkMessageType type,
                                           const char *_Nonnull text, const char *_Nullable details);

/// Asks the session not to blank the screen, over org.freedesktop.ScreenSaver; 0 where nobody listens. Does not wait: the
/// cookie is stored to `*cookie` when the answer comes, so `cookie` must live as long as the program.
void swiftvm_screensaver_inhibit(const char *_Nonnull program, const char *_Nonnull reason,
                                 guint32 *_Nonnull cookie);

/// Undoes it; a cookie of 0 is ignored.
void swiftvm_screensaver_uninhibit(guint32 cookie);

/// Calls `handler` once when the connection to the display server is lost, on the thread that noticed, instead of what GDK does: a message
/// and `_exit`. The handler must not return to GDK, so it ends the process. From then on a request for an X11 window that is gone
/// does not end the program either, as it does in GDK. Once a process, outside of GDK's error traps.
void swiftvm_on_display_loss(GdkDisplay *_Nonnull display, void (*_Nonnull handler)(void));

/// The Wayland globals that GTK 3 does not bind itself; absent ones are null.
typedef struct {
    struct zwp_relative_pointer_manager_v1 *_Nullable relative_pointers;
    struct zwp_pointer_constraints_v1 *_Nullable pointer_constraints;
    struct zwp_idle_inhibit_manager_v1 *_Nullable idle_inhibit;
    struct wl_subcompositor *_Nullable subcompositor;
} swiftvm_wayland_globals;

/// Binds them on GDK's connection, with a queue of its own so that GDK's events are not touched; one round trip.
swiftvm_wayland_globals swiftvm_wayland_bind(GdkDisplay *_Nonnull display);

/// Hears relative motion of a locked pointer, in logical pixels, unaccelerated if the compositor tells.
typedef void (*swiftvm_motion_handler)(void *_Nullable context, double dx, double dy);

/// A locked pointer: its motion goes to a handler, its place stays.
typedef struct swiftvm_pointer_lock swiftvm_pointer_lock;

/// Locks the seat's pointer to the window; null when the compositor cannot.
swiftvm_pointer_lock *_Nullable swiftvm_pointer_lock_new(const swiftvm_wayland_globals *_Nonnull globals,
                                                         GdkWindow *_Nonnull window,
                                                         GdkSeat *_Nonnull seat,
                                                         swiftvm_motion_handler _Nonnull handler,
                                                         void *_Nullable context);

/// Unlocks.
void swiftvm_pointer_lock_free(swiftvm_pointer_lock *_Nonnull lock);

/// A Wayland surface's wish for its next frame.
typedef struct swiftvm_frame swiftvm_frame;

/// Calls `handler`, on the thread that runs GDK, when the compositor wants the frame after the one that is committed next (wl_surface.frame); it comes late, or
/// never, for a surface that nobody sees. Free it, after the call too.
swiftvm_frame *_Nonnull swiftvm_frame_request(struct wl_surface *_Nonnull surface,
                                              void (*_Nonnull handler)(void *_Nullable context),
                                              void *_Nullable context);

/// Frees it; the handler is not called any more.
void swiftvm_frame_free(swiftvm_frame *_Nonnull frame);

/// A surface with an EGL window on it, which nobody sees until it is given a role.
typedef struct swiftvm_egl_surface swiftvm_egl_surface;

/// Makes one of one pixel on a Wayland display; null where that cannot be.
swiftvm_egl_surface *_Nullable swiftvm_egl_surface_new(GdkDisplay *_Nonnull display);

/// Its `struct wl_egl_window *`; goes with it.
void *_Nonnull swiftvm_egl_surface_get_window(const swiftvm_egl_surface *_Nonnull surface);

/// Frees it; before it goes the EGL surface.
void swiftvm_egl_surface_free(swiftvm_egl_surface *_Nonnull surface);

/// A surface of our own right above a window's, below what else GTK puts there, with an EGL window on it. It takes no input: pointer and keys go
/// on to the window.
typedef struct swiftvm_subsurface swiftvm_subsurface;

/// Makes one on the window's toplevel, synchronised with that, still without a place and a size; null where the compositor has none to give, or while the toplevel has no surface.
swiftvm_subsurface *_Nullable swiftvm_subsurface_new(const swiftvm_wayland_globals *_Nonnull globals,
                                                     GdkWindow *_Nonnull window);

/// Its surface.
struct wl_surface *_Nonnull swiftvm_subsurface_get_surface(const swiftvm_subsurface *_Nonnull subsurface);

/// Its `struct wl_egl_window *`; goes with it.
void *_Nonnull swiftvm_subsurface_get_egl_window(const swiftvm_subsurface *_Nonnull subsurface);

/// Where it is in the toplevel's surface and how large, in logical pixels of which each has `scale` by `scale` of the buffer; opaque. The place is
/// taken with the toplevel's next commit, the rest with its own next one, which is to bring a buffer that fits: say so when it has.
void swiftvm_subsurface_place(swiftvm_subsurface *_Nonnull subsurface, int x, int y, int width,
                              int height, int scale);

/// Says that a buffer of the size that it was given last has been committed to it. From then on it is committed whenever GDK has drawn, for the frame that GDK asks of it, and
/// is no longer synchronised after that.
void swiftvm_subsurface_set_drawn(swiftvm_subsurface *_Nonnull subsurface);

/// Whether what is committed to it waits for the toplevel's next commit. What waits is shown at once when that ends.
void swiftvm_subsurface_set_synchronised(swiftvm_subsurface *_Nonnull subsurface, bool on);

/// Takes it from the screen; also after the toplevel's surface has gone. Before it go the EGL surface and what was asked of its surface.
void swiftvm_subsurface_free(swiftvm_subsurface *_Nonnull subsurface);

/// Keeps the screen on while the window's surface is visible; null when the compositor cannot.
struct zwp_idle_inhibitor_v1 *_Nullable swiftvm_idle_inhibitor_new(
    const swiftvm_wayland_globals *_Nonnull globals, GdkWindow *_Nonnull window);

/// Lets the screen blank again.
void swiftvm_idle_inhibitor_free(struct zwp_idle_inhibitor_v1 *_Nonnull inhibitor);

#endif
