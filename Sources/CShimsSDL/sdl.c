#include "CShimsSDL.h"

#include <SDL.h>
#include <SDL_syswm.h>

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <wayland-client.h>

static bool x11_has_ended;

static bool window_info(struct SDL_Window *window, SDL_SysWMinfo *info)
{
    SDL_VERSION(&info->version);
    return SDL_GetWindowWMInfo(window, info) == SDL_TRUE;
}

swiftvm_sdl_connection swiftvm_sdl_connection_of(struct SDL_Window *window)
{
    swiftvm_sdl_connection connection = {SWIFTVM_SDL_OTHER, NULL};
    SDL_SysWMinfo info;
    if (!window_info(window, &info))
        return connection;
    if (info.subsystem == SDL_SYSWM_X11) {
        connection.kind = SWIFTVM_SDL_X11;
        connection.display = info.info.x11.display;
    } else if (info.subsystem == SDL_SYSWM_WAYLAND) {
        connection.kind = SWIFTVM_SDL_WAYLAND;
        connection.display = info.info.wl.display;
    }
#ifdef SDL_VIDEO_DRIVER_KMSDRM
    else if (info.subsystem == SDL_SYSWM_KMSDRM) {
        connection.display = info.info.kmsdrm.gbm_dev;
    }
#endif
    return connection;
}

void swiftvm_sdl_wait(swiftvm_sdl_connection connection, int wake, int other, int timeout_ms)
{
    // SDL_PollEvent ends at its own mark: what was queued since the polling began stands behind that. Once the server has ended nobody polls.
    if (!swiftvm_sdl_has_ended(connection) &&
        SDL_PeepEvents(NULL, 0, SDL_PEEKEVENT, SDL_FIRSTEVENT, SDL_LASTEVENT) > 0)
        return;
    struct pollfd fds[3] = {{.fd = wake, .events = POLLIN},
                            {.fd = -1, .events = POLLIN},
                            {.fd = other, .events = POLLIN}};
    switch (connection.kind) {
    case SWIFTVM_SDL_X11:
        if (x11_has_ended)
            break;
        // Flushes, and sees what Mesa has read from the same connection.
        if (XEventsQueued(connection.display, QueuedAfterFlush) > 0)
            return;
        if (!x11_has_ended)
            fds[1].fd = ConnectionNumber(connection.display);
        break;
    case SWIFTVM_SDL_WAYLAND:
        if (wl_display_prepare_read(connection.display) != 0)
            return;
        wl_display_flush(connection.display);
        fds[1].fd = wl_display_get_fd(connection.display);
        break;
    case SWIFTVM_SDL_OTHER:
        break;
    }
    int count = poll(fds, 3, timeout_ms);
    if (connection.kind == SWIFTVM_SDL_WAYLAND) {
        if (count > 0 && fds[1].revents != 0)
            wl_display_read_events(connection.display);
        else
            wl_display_cancel_read(connection.display);
    }
}

// A request that came too late, for a window that is gone: no reason to end the program, as Xlib would.
static int x11_error(Display *display, XErrorEvent *event)
{
    (void)display;
    (void)event;
    return 0;
}

static int x11_io_error(Display *display)
{
    (void)display;
    return 0;
}

static void x11_exit(Display *display, void *data)
{
    (void)display;
    (void)data;
    x11_has_ended = true;
}

void swiftvm_sdl_note_x11_end(void *display)
{
    XSetErrorHandler(x11_error);
    XSetIOErrorHandler(x11_io_error);
    XSetIOErrorExitHandler(display, x11_exit, NULL);
}

void swiftvm_sdl_name_window(struct SDL_Window *window, const char *title)
{
    SDL_SysWMinfo info;
    if (!window_info(window, &info) || info.subsystem != SDL_SYSWM_X11)
        return;
    char *list[] = {(char *)title};
    XTextProperty text;
    if (Xutf8TextListToTextProperty(info.info.x11.display, list, 1, XStdICCTextStyle, &text) < 0)
        return;
    XSetWMName(info.info.x11.display, info.info.x11.window, &text);
    XFree(text.value);
}

bool swiftvm_sdl_has_ended(swiftvm_sdl_connection connection)
{
    switch (connection.kind) {
    case SWIFTVM_SDL_X11:
        return x11_has_ended;
    case SWIFTVM_SDL_WAYLAND:
        return wl_display_get_error(connection.display) != 0;
    case SWIFTVM_SDL_OTHER:
        return false;
    }
    return false;
}

bool swiftvm_sdl_fill_any_monitor(struct SDL_Window *window)
{
    // xdg_toplevel.set_fullscreen (xdg-shell.xml), whose monitor may be none. SDL follows what the compositor then says.
    enum { SET_FULLSCREEN = 11 };
    SDL_SysWMinfo info;
    if (!window_info(window, &info) || info.subsystem != SDL_SYSWM_WAYLAND ||
        !info.info.wl.xdg_toplevel)
        return false;
    wl_proxy_marshal((struct wl_proxy *)info.info.wl.xdg_toplevel, SET_FULLSCREEN, NULL);
    wl_display_flush(info.info.wl.display);
    return true;
}

struct swiftvm_sdl_frame {
    struct wl_surface *surface;
    struct wl_callback *callback;
};

static void frame_done(void *data, struct wl_callback *callback, uint32_t time)
{
    (void)time;
    swiftvm_sdl_frame *frame = data;
    wl_callback_destroy(callback);
    frame->callback = NULL;
}

static const struct wl_callback_listener frame_listener = {.done = frame_done};

swiftvm_sdl_frame *swiftvm_sdl_frame_new(struct SDL_Window *window)
{
    SDL_SysWMinfo info;
    if (!window_info(window, &info) || info.subsystem != SDL_SYSWM_WAYLAND)
        return NULL;
    swiftvm_sdl_frame *frame = calloc(1, sizeof *frame);
    if (frame)
        frame->surface = info.info.wl.surface;
    return frame;
}

void swiftvm_sdl_frame_request(swiftvm_sdl_frame *frame)
{
    if (frame->callback)
        return;
    // It is told on SDL's own queue, so SDL's pump brings it.
    frame->callback = wl_surface_frame(frame->surface);
    if (frame->callback)
        wl_callback_add_listener(frame->callback, &frame_listener, frame);
}

bool swiftvm_sdl_frame_is_pending(const swiftvm_sdl_frame *frame)
{
    return frame->callback != NULL;
}

void swiftvm_sdl_frame_free(swiftvm_sdl_frame *frame)
{
    if (frame->callback)
        wl_callback_destroy(frame->callback);
    free(frame);
}
