#include "CShimsGTK.h"

bool swiftvm_display_is_x11(GdkDisplay *display) {
    return GDK_IS_X11_DISPLAY(display);
}

bool swiftvm_display_is_wayland(GdkDisplay *display) {
    return GDK_IS_WAYLAND_DISPLAY(display);
}

void swiftvm_widget_draws_itself(GtkWidget *widget) {
    G_GNUC_BEGIN_IGNORE_DEPRECATIONS
    gtk_widget_set_double_buffered(widget, FALSE);
    G_GNUC_END_IGNORE_DEPRECATIONS
}

GtkWidget *swiftvm_message_dialog(GtkWindow *parent, GtkMessageType type, const char *text,
                                  const char *details) {
    GtkWidget *dialog = gtk_message_dialog_new(
        parent, GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT, type, GTK_BUTTONS_NONE, "%s", text);
    if (details) {
        gtk_message_dialog_format_secondary_text(GTK_MESSAGE_DIALOG(dialog), "%s", details);
    }
    return dialog;
}

static const char screensaver[] = "org.freedesktop.ScreenSaver";
static const char screensaver_path[] = "/org/freedesktop/ScreenSaver";

static void inhibited(GObject *object, GAsyncResult *result, gpointer data) {
    GVariant *answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, NULL);
    if (!answer) return;
    g_variant_get(answer, "(u)", (guint32 *)data);
    g_variant_unref(answer);
}

void swiftvm_screensaver_inhibit(const char *program, const char *reason, guint32 *cookie) {
    GDBusConnection *bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
    if (!bus) return;
    g_dbus_connection_call(bus, screensaver, screensaver_path, screensaver, "Inhibit",
                           g_variant_new("(ss)", program, reason), G_VARIANT_TYPE("(u)"),
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, inhibited, cookie);
    g_object_unref(bus);
}

void swiftvm_screensaver_uninhibit(guint32 cookie) {
    if (!cookie) return;
    GDBusConnection *bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL);
    if (!bus) return;
    g_dbus_connection_call(bus, screensaver, screensaver_path, screensaver, "UnInhibit",
                           g_variant_new("(u)", cookie), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1,
                           NULL, NULL, NULL);
    g_object_unref(bus);
}
