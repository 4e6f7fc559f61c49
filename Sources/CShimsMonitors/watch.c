#include <stdlib.h>
#include <xcb/randr.h>
#include <xcb/xcb.h>

#include "CShimsMonitors.h"

struct swiftvm_monitor_watch {
    xcb_connection_t *connection;
    uint8_t first_event;
};

static bool select_notices(swiftvm_monitor_watch *watch) {
    xcb_connection_t *connection = watch->connection;
    const xcb_query_extension_reply_t *randr =
        xcb_get_extension_data(connection, &xcb_randr_id);
    if (!randr || !randr->present) return false;
    xcb_randr_query_version_reply_t *version = xcb_randr_query_version_reply(
        connection, xcb_randr_query_version(connection, 1, 5), NULL);
    bool is_enough =
        version && (version->major_version > 1 || version->minor_version >= 2);
    free(version);
    if (!is_enough) return false;
    watch->first_event = randr->first_event;
    xcb_window_t root = xcb_setup_roots_iterator(xcb_get_setup(connection)).data->root;
    xcb_randr_select_input(connection, root,
                           XCB_RANDR_NOTIFY_MASK_SCREEN_CHANGE | XCB_RANDR_NOTIFY_MASK_CRTC_CHANGE |
                               XCB_RANDR_NOTIFY_MASK_OUTPUT_CHANGE);
    return xcb_flush(connection) > 0;
}

swiftvm_monitor_watch *swiftvm_monitor_watch_x11(const char *display) {
    swiftvm_monitor_watch *watch = calloc(1, sizeof *watch);
    if (!watch) return NULL;
    watch->connection = xcb_connect(*display ? display : NULL, NULL);
    if (!xcb_connection_has_error(watch->connection) && select_notices(watch)) return watch;
    swiftvm_monitor_watch_free(watch);
    return NULL;
}

int swiftvm_monitor_watch_descriptor(const swiftvm_monitor_watch *watch) {
    return xcb_get_file_descriptor(watch->connection);
}

int swiftvm_monitor_watch_read(swiftvm_monitor_watch *watch) {
    int changed = 0;
    xcb_generic_event_t *event;
    while ((event = xcb_poll_for_event(watch->connection))) {
        uint8_t type = event->response_type & 0x7f;
        if (type == watch->first_event + XCB_RANDR_SCREEN_CHANGE_NOTIFY ||
            type == watch->first_event + XCB_RANDR_NOTIFY)
            changed = 1;
        free(event);
    }
    return xcb_connection_has_error(watch->connection) ? -1 : changed;
}

void swiftvm_monitor_watch_free(swiftvm_monitor_watch *watch) {
    xcb_disconnect(watch->connection);
    free(watch);
}
