#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/randr.h>
#include <xcb/xcb.h>

#include "CShimsMonitors.h"

static void copy_bytes(char *to, size_t size, const void *bytes, int length) {
    snprintf(to, size, "%.*s", length, (const char *)bytes);
}

static void copy_atom(xcb_connection_t *connection, xcb_atom_t atom, swiftvm_monitor *monitor) {
    xcb_get_atom_name_reply_t *reply =
        xcb_get_atom_name_reply(connection, xcb_get_atom_name(connection, atom), NULL);
    if (!reply) return;
    copy_bytes(monitor->name, sizeof monitor->name, xcb_get_atom_name_name(reply),
               xcb_get_atom_name_name_length(reply));
    free(reply);
}

static void set_frame(swiftvm_monitor *monitor, int x, int y, int width, int height) {
    monitor->x = x;
    monitor->y = y;
    monitor->width = monitor->pixel_width = width;
    monitor->height = monitor->pixel_height = height;
}

// RandR 1.5: what window managers and toolkits take as monitors, parts of an output and joined outputs included.
static int list_monitors(xcb_connection_t *connection, xcb_window_t root, swiftvm_monitor *monitors,
                         int capacity) {
    xcb_randr_get_monitors_reply_t *reply = xcb_randr_get_monitors_reply(
        connection, xcb_randr_get_monitors(connection, root, 1), NULL);
    if (!reply) return 0;
    int count = 0;
    xcb_randr_monitor_info_iterator_t each = xcb_randr_get_monitors_monitors_iterator(reply);
    for (; each.rem && count < capacity; xcb_randr_monitor_info_next(&each)) {
        const xcb_randr_monitor_info_t *info = each.data;
        if (!info->width || !info->height) continue;
        swiftvm_monitor *monitor = &monitors[count++];
        memset(monitor, 0, sizeof *monitor);
        set_frame(monitor, info->x, info->y, info->width, info->height);
        monitor->mm_width = (int32_t)info->width_in_millimeters;
        monitor->mm_height = (int32_t)info->height_in_millimeters;
        monitor->is_primary = info->primary;
        copy_atom(connection, info->name, monitor);
    }
    free(reply);
    return count;
}

// RandR 1.3: the connected outputs that show something.
static int list_outputs(xcb_connection_t *connection, xcb_window_t root, swiftvm_monitor *monitors,
                        int capacity) {
    xcb_randr_get_screen_resources_current_reply_t *resources =
        xcb_randr_get_screen_resources_current_reply(
            connection, xcb_randr_get_screen_resources_current(connection, root), NULL);
    if (!resources) return 0;
    xcb_randr_get_output_primary_reply_t *primary = xcb_randr_get_output_primary_reply(
        connection, xcb_randr_get_output_primary(connection, root), NULL);
    const xcb_randr_output_t *outputs = xcb_randr_get_screen_resources_current_outputs(resources);
    int length = xcb_randr_get_screen_resources_current_outputs_length(resources), count = 0;
    for (int index = 0; index < length && count < capacity; index++) {
        xcb_randr_get_output_info_reply_t *output = xcb_randr_get_output_info_reply(
            connection,
            xcb_randr_get_output_info(connection, outputs[index], resources->config_timestamp), NULL);
        if (!output) continue;
        xcb_randr_get_crtc_info_reply_t *crtc =
            output->crtc ? xcb_randr_get_crtc_info_reply(
                               connection,
                               xcb_randr_get_crtc_info(connection, output->crtc,
                                                       resources->config_timestamp),
                               NULL)
                         : NULL;
        if (crtc && crtc->width && crtc->height) {
            bool is_turned =
                crtc->rotation & (XCB_RANDR_ROTATION_ROTATE_90 | XCB_RANDR_ROTATION_ROTATE_270);
            swiftvm_monitor *monitor = &monitors[count++];
            memset(monitor, 0, sizeof *monitor);
            set_frame(monitor, crtc->x, crtc->y, crtc->width, crtc->height);
            monitor->mm_width = (int32_t)(is_turned ? output->mm_height : output->mm_width);
            monitor->mm_height = (int32_t)(is_turned ? output->mm_width : output->mm_height);
            monitor->is_primary = primary && primary->output == outputs[index];
            copy_bytes(monitor->name, sizeof monitor->name, xcb_randr_get_output_info_name(output),
                       xcb_randr_get_output_info_name_length(output));
        }
        free(crtc);
        free(output);
    }
    free(primary);
    free(resources);
    return count;
}

static int list_screen(const xcb_screen_t *screen, swiftvm_monitor *monitors, int capacity) {
    if (capacity < 1) return 0;
    memset(monitors, 0, sizeof *monitors);
    set_frame(monitors, 0, 0, screen->width_in_pixels, screen->height_in_pixels);
    monitors->mm_width = screen->width_in_millimeters;
    monitors->mm_height = screen->height_in_millimeters;
    monitors->is_primary = true;
    copy_bytes(monitors->name, sizeof monitors->name, "screen", 6);
    return 1;
}

int swiftvm_monitors_of_x11(const char *display, swiftvm_monitor *monitors, int capacity) {
    int number = 0, count = 0;
    xcb_connection_t *connection = xcb_connect(display, &number);
    if (xcb_connection_has_error(connection)) {
        xcb_disconnect(connection);
        return -1;
    }
    xcb_screen_iterator_t screens = xcb_setup_roots_iterator(xcb_get_setup(connection));
    for (; screens.rem > 1 && number > 0; number--) xcb_screen_next(&screens);
    const xcb_query_extension_reply_t *extension =
        xcb_get_extension_data(connection, &xcb_randr_id);
    xcb_randr_query_version_reply_t *version =
        extension && extension->present
            ? xcb_randr_query_version_reply(connection, xcb_randr_query_version(connection, 1, 5), NULL)
            : NULL;
    if (version) {
        uint32_t known = version->major_version * 100 + version->minor_version;
        if (known >= 105) count = list_monitors(connection, screens.data->root, monitors, capacity);
        if (known >= 103 && !count) {
            count = list_outputs(connection, screens.data->root, monitors, capacity);
        }
        free(version);
    }
    if (!count && !xcb_connection_has_error(connection)) {
        count = list_screen(screens.data, monitors, capacity);
    }
    if (xcb_connection_has_error(connection)) count = -1;
    xcb_disconnect(connection);
    return count;
}
