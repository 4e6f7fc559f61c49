// Full screen as X11's window managers have it (Extended Window Manager Hints).
#include "CShimsSDL.h"

#include <SDL.h>
#include <SDL_syswm.h>
#include <X11/Xatom.h>
#include <X11/Xlib.h>

static bool x11_of(struct SDL_Window *window, Display **display, Window *xwindow)
{
    SDL_SysWMinfo info;
    SDL_VERSION(&info.version);
    if (SDL_GetWindowWMInfo(window, &info) != SDL_TRUE || info.subsystem != SDL_SYSWM_X11)
        return false;
    *display = info.info.x11.display;
    *xwindow = info.info.x11.window;
    return true;
}

static Atom atom(Display *display, const char *name)
{
    return XInternAtom(display, name, False);
}

// Whether a window's list of atoms has one.
static bool lists(Display *display, Window window, const char *property, Atom wanted)
{
    Atom type;
    int format;
    unsigned long count = 0, left;
    unsigned char *data = NULL;
    if (XGetWindowProperty(display, window, atom(display, property), 0, 1024, False, XA_ATOM,
                           &type, &format, &count, &left, &data) != Success)
        return false;
    bool found = false;
    if (type == XA_ATOM && format == 32)
        for (unsigned long i = 0; i < count && !found; i++)
            found = ((const Atom *)data)[i] == wanted;
    if (data)
        XFree(data);
    return found;
}

unsigned long swiftvm_sdl_x11_window(struct SDL_Window *window)
{
    Display *display;
    Window xwindow;
    return x11_of(window, &display, &xwindow) ? xwindow : 0;
}

bool swiftvm_sdl_x11_is_there(struct SDL_Window *window)
{
    Display *display;
    Window xwindow;
    XWindowAttributes attributes;
    return x11_of(window, &display, &xwindow) && XGetWindowAttributes(display, xwindow, &attributes);
}

bool swiftvm_sdl_x11_is_full(struct SDL_Window *window)
{
    Display *display;
    Window xwindow;
    return x11_of(window, &display, &xwindow) &&
           lists(display, xwindow, "_NET_WM_STATE", atom(display, "_NET_WM_STATE_FULLSCREEN"));
}

bool swiftvm_sdl_x11_fill(struct SDL_Window *window, bool on)
{
    enum { REMOVE, ADD, APPLICATION = 1 };
    Display *display;
    Window xwindow;
    if (!x11_of(window, &display, &xwindow))
        return false;
    Window root = DefaultRootWindow(display);
    Atom full = atom(display, "_NET_WM_STATE_FULLSCREEN");
    if (!lists(display, root, "_NET_SUPPORTED", full))
        return false;
    XEvent event = {.xclient = {
                        .type = ClientMessage,
                        .window = xwindow,
                        .message_type = atom(display, "_NET_WM_STATE"),
                        .format = 32,
                        .data.l = {on ? ADD : REMOVE, (long)full, 0, APPLICATION},
                    }};
    XSendEvent(display, root, False, SubstructureNotifyMask | SubstructureRedirectMask, &event);
    XFlush(display);
    return true;
}

void swiftvm_sdl_x11_pass_events(void)
{
    SDL_EventState(SDL_SYSWMEVENT, SDL_ENABLE);
}

swiftvm_sdl_x11_change swiftvm_sdl_x11_change_of(const void *sdl_event)
{
    const swiftvm_sdl_x11_change none = {SWIFTVM_SDL_X11_NONE, 0};
    const SDL_Event *event = sdl_event;
    if (event->type != SDL_SYSWMEVENT || event->syswm.msg->subsystem != SDL_SYSWM_X11)
        return none;
    const XEvent *told = &event->syswm.msg->msg.x11.event;
    if (told->type == DestroyNotify)
        return (swiftvm_sdl_x11_change){SWIFTVM_SDL_X11_DESTROYED, told->xdestroywindow.window};
    if (told->type == PropertyNotify &&
        told->xproperty.atom == atom(told->xproperty.display, "_NET_WM_STATE"))
        return (swiftvm_sdl_x11_change){SWIFTVM_SDL_X11_STATE, told->xproperty.window};
    return none;
}
