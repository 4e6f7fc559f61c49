#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wayland-client.h>

#include "CShimsMonitors.h"
#include "protocols/xdg-output-unstable-v1.h"

struct output {
    struct output *next;
    struct wl_output *output;
    struct zxdg_output_v1 *logical;
    swiftvm_monitor monitor;
    int32_t scale;
    bool is_turned;
};

struct listing {
    struct output *first, **end;
    struct zxdg_output_manager_v1 *manager;
};

static void copy_text(char *to, size_t size, const char *text) {
    snprintf(to, size, "%s", text ? text : "");
}

static void output_geometry(void *data, struct wl_output *proxy, int32_t x, int32_t y, int32_t mm_width,
                            int32_t mm_height, int32_t subpixel, const char *make, const char *model,
                            int32_t transform) {
    struct output *output = data;
    swiftvm_monitor *monitor = &output->monitor;
    // WL_OUTPUT_TRANSFORM_90 and _270, flipped or not, are the odd ones.
    output->is_turned = transform & 1;
    monitor->x = x;
    monitor->y = y;
    monitor->mm_width = output->is_turned ? mm_height : mm_width;
    monitor->mm_height = output->is_turned ? mm_width : mm_height;
    if (!monitor->description[0]) {
        snprintf(monitor->description, sizeof monitor->description, "%s %s", make, model);
    }
}

static void output_mode(void *data, struct wl_output *proxy, uint32_t flags, int32_t width, int32_t height,
                        int32_t refresh) {
    struct output *output = data;
    if (!(flags & WL_OUTPUT_MODE_CURRENT)) return;
    output->monitor.pixel_width = width;
    output->monitor.pixel_height = height;
}

static void output_done(void *data, struct wl_output *proxy) {}

static void output_scale(void *data, struct wl_output *proxy, int32_t scale) {
    struct output *output = data;
    if (scale > 0) output->scale = scale;
}

static void output_name(void *data, struct wl_output *proxy, const char *name) {
    struct output *output = data;
    copy_text(output->monitor.name, sizeof output->monitor.name, name);
}

static void output_description(void *data, struct wl_output *proxy, const char *text) {
    struct output *output = data;
    copy_text(output->monitor.description, sizeof output->monitor.description, text);
}

static const struct wl_output_listener output_listener = {
    .geometry = output_geometry,
    .mode = output_mode,
    .done = output_done,
    .scale = output_scale,
    .name = output_name,
    .description = output_description,
};

static void logical_position(void *data, struct zxdg_output_v1 *proxy, int32_t x, int32_t y) {
    struct output *output = data;
    output->monitor.x = x;
    output->monitor.y = y;
}

static void logical_size(void *data, struct zxdg_output_v1 *proxy, int32_t width, int32_t height) {
    struct output *output = data;
    output->monitor.width = width;
    output->monitor.height = height;
}

static void logical_done(void *data, struct zxdg_output_v1 *proxy) {}

static void logical_name(void *data, struct zxdg_output_v1 *proxy, const char *name) {
    output_name(data, NULL, name);
}

static void logical_description(void *data, struct zxdg_output_v1 *proxy, const char *text) {
    output_description(data, NULL, text);
}

static const struct zxdg_output_v1_listener logical_listener = {
    .logical_position = logical_position,
    .logical_size = logical_size,
    .done = logical_done,
    .name = logical_name,
    .description = logical_description,
};

static void add_global(void *data, struct wl_registry *registry, uint32_t name, const char *interface,
                       uint32_t version) {
    struct listing *listing = data;
    if (!strcmp(interface, wl_output_interface.name)) {
        struct output *output = calloc(1, sizeof *output);
        if (!output) return;
        // Version 4 brings the name.
        output->output =
            wl_registry_bind(registry, name, &wl_output_interface, version < 4 ? version : 4);
        output->scale = 1;
        wl_output_add_listener(output->output, &output_listener, output);
        *listing->end = output;
        listing->end = &output->next;
    } else if (!strcmp(interface, zxdg_output_manager_v1_interface.name)) {
        listing->manager = wl_registry_bind(registry, name, &zxdg_output_manager_v1_interface,
                                            version < 3 ? version : 3);
    }
}

static void remove_global(void *data, struct wl_registry *registry, uint32_t name) {}

static const struct wl_registry_listener registry_listener = {add_global, remove_global};

// Turned sides, and the logical size where the compositor does not tell it.
static void complete(struct output *output) {
    swiftvm_monitor *monitor = &output->monitor;
    if (output->is_turned) {
        int32_t width = monitor->pixel_width;
        monitor->pixel_width = monitor->pixel_height;
        monitor->pixel_height = width;
    }
    if (!monitor->width || !monitor->height) {
        monitor->width = monitor->pixel_width / output->scale;
        monitor->height = monitor->pixel_height / output->scale;
    }
}

int swiftvm_monitors_of_wayland(const char *socket, swiftvm_monitor *monitors, int capacity) {
    struct wl_display *display = wl_display_connect(socket);
    if (!display) return -1;
    struct listing listing = {0};
    listing.end = &listing.first;
    struct wl_registry *registry = wl_display_get_registry(display);
    wl_registry_add_listener(registry, &registry_listener, &listing);
    int status = wl_display_roundtrip(display);
    if (listing.manager) {
        for (struct output *output = listing.first; output; output = output->next) {
            output->logical =
                zxdg_output_manager_v1_get_xdg_output(listing.manager, output->output);
            zxdg_output_v1_add_listener(output->logical, &logical_listener, output);
        }
    }
    if (status >= 0) status = wl_display_roundtrip(display);

    int count = 0;
    for (struct output *output = listing.first, *next; output; output = next) {
        next = output->next;
        complete(output);
        if (count < capacity && output->monitor.width > 0 && output->monitor.height > 0) {
            monitors[count++] = output->monitor;
        }
        if (output->logical) zxdg_output_v1_destroy(output->logical);
        wl_output_destroy(output->output);
        free(output);
    }
    if (listing.manager) zxdg_output_manager_v1_destroy(listing.manager);
    wl_registry_destroy(registry);
    wl_display_disconnect(display);
    return status < 0 ? -1 : count;
}
