#include <string.h>

#include "CShimsGTK.h"

static void (*loss_handler)(void);

static int x11_connection_lost(Display *display) {
    loss_handler();
    return 0;
}

// GDK on Wayland has no hook: it says what happened (gdkeventsource.c, three places) and leaves with _exit.
static gboolean tells_of_loss(GLogLevelFlags level, const char *domain, const char *message) {
    return (level & G_LOG_LEVEL_MESSAGE) && domain && message && !strcmp(domain, "Gdk") &&
           (strstr(message, "Lost connection to Wayland compositor") ||
            strstr(message, "flushing display") || strstr(message, "reading events from display") ||
            strstr(message, "dispatching to Wayland display"));
}

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data) {
    const char *domain = NULL, *message = NULL;
    for (gsize index = 0; index < count; index++) {
        if (!strcmp(fields[index].key, "GLIB_DOMAIN")) domain = fields[index].value;
        if (!strcmp(fields[index].key, "MESSAGE")) message = fields[index].value;
    }
    if (tells_of_loss(level, domain, message)) loss_handler();
    return g_log_writer_default(level, fields, count, data);
}

static XErrorHandler other_errors;

// Another program may destroy a window that a request is on its way for.
static int x11_error(Display *display, XErrorEvent *error) {
    if (error->error_code == BadWindow || error->error_code == BadDrawable) return 0;
    return other_errors(display, error);
}

void swiftvm_on_display_loss(GdkDisplay *display, void (*handler)(void)) {
    loss_handler = handler;
    if (swiftvm_display_is_x11(display)) {
        XSetIOErrorHandler(x11_connection_lost);
        other_errors = XSetErrorHandler(x11_error);
    } else {
        g_log_set_writer_func(write_log, NULL, NULL);
    }
}
