#include "CShimsTesting.h"

#include <X11/Xlib.h>
#include <X11/extensions/XTest.h>

void *swiftvm_hands_open(const char *name) {
    int event, error, major, minor;
    Display *display = XOpenDisplay(name);
    if (display && !XTestQueryExtension(display, &event, &error, &major, &minor)) {
        XCloseDisplay(display);
        display = 0;
    }
    return display;
}

void swiftvm_hands_key(void *hands, uint32_t keycode, bool pressed) {
    XTestFakeKeyEvent(hands, keycode, pressed, CurrentTime);
    XFlush(hands);
}

void swiftvm_hands_close(void *hands) { XCloseDisplay(hands); }
