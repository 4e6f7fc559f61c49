#include <string.h>
#include <wayland-egl.h>

#include "CShimsGTK.h"

static void add_global(void *data, struct wl_registry *registry, uint32_t name, const char *interface,
                       uint32_t version) {
    swiftvm_wayland_globals *globals = data;
    if (!strcmp(interface, zwp_relative_pointer_manager_v1_interface.name)) {
        globals->relative_pointers =
            wl_registry_bind(registry, name, &zwp_relative_pointer_manager_v1_interface, 1);
    } else if (!strcmp(interface, zwp_pointer_constraints_v1_interface.name)) {
        globals->pointer_constraints =
            wl_registry_bind(registry, name, &zwp_pointer_constraints_v1_interface, 1);
    } else if (!strcmp(interface, zwp_idle_inhibit_manager_v1_interface.name)) {
        globals->idle_inhibit =
            wl_registry_bind(registry, name, &zwp_idle_inhibit_manager_v1_interface, 1);
    } else if (!strcmp(interface, wl_subcompositor_interface.name)) {
        globals->subcompositor = wl_registry_bind(registry, name, &wl_subcompositor_interface, 1);
    }
}

static void remove_global(void *data, struct wl_registry *registry, uint32_t name) {}

static const struct wl_registry_listener registry_listener = {add_global, remove_global};

// Objects made from a proxy inherit its queue; back to the default one, which GDK dispatches.
static void use_default_queue(void *proxy) {
    if (proxy) wl_proxy_set_queue(proxy, NULL);
}

swiftvm_wayland_globals swiftvm_wayland_bind(GdkDisplay *gdk_display) {
    swiftvm_wayland_globals globals = {0};
    if (!swiftvm_display_is_wayland(gdk_display)) return globals;
    struct wl_display *display = gdk_wayland_display_get_wl_display(gdk_display);
    struct wl_event_queue *queue = wl_display_create_queue(display);
    struct wl_display *wrapper = wl_proxy_create_wrapper(display);
    wl_proxy_set_queue((struct wl_proxy *)wrapper, queue);
    struct wl_registry *registry = wl_display_get_registry(wrapper);
    wl_proxy_wrapper_destroy(wrapper);
    wl_registry_add_listener(registry, &registry_listener, &globals);
    wl_display_roundtrip_queue(display, queue);
    use_default_queue(globals.relative_pointers);
    use_default_queue(globals.pointer_constraints);
    use_default_queue(globals.idle_inhibit);
    use_default_queue(globals.subcompositor);
    wl_registry_destroy(registry);
    wl_event_queue_destroy(queue);
    return globals;
}

struct swiftvm_pointer_lock {
    struct zwp_relative_pointer_v1 *relative;
    struct zwp_locked_pointer_v1 *locked;
    swiftvm_motion_handler handler;
    void *context;
};

static void relative_motion(void *data, struct zwp_relative_pointer_v1 *pointer, uint32_t time_high,
                            uint32_t time_low, wl_fixed_t dx, wl_fixed_t dy, wl_fixed_t dx_plain,
                            wl_fixed_t dy_plain) {
    struct swiftvm_pointer_lock *lock = data;
    lock->handler(lock->context, wl_fixed_to_double(dx), wl_fixed_to_double(dy));
}

static const struct zwp_relative_pointer_v1_listener relative_listener = {relative_motion};

swiftvm_pointer_lock *swiftvm_pointer_lock_new(const swiftvm_wayland_globals *globals,
                                               GdkWindow *window, GdkSeat *seat,
                                               swiftvm_motion_handler handler, void *context) {
    GdkDevice *device = gdk_seat_get_pointer(seat);
    struct wl_surface *surface = gdk_wayland_window_get_wl_surface(window);
    if (!globals->relative_pointers || !globals->pointer_constraints || !device || !surface) return NULL;
    struct wl_pointer *pointer = gdk_wayland_device_get_wl_pointer(device);
    if (!pointer) return NULL;
    swiftvm_pointer_lock *lock = g_new0(swiftvm_pointer_lock, 1);
    lock->handler = handler;
    lock->context = context;
    lock->relative =
        zwp_relative_pointer_manager_v1_get_relative_pointer(globals->relative_pointers, pointer);
    zwp_relative_pointer_v1_add_listener(lock->relative, &relative_listener, lock);
    lock->locked = zwp_pointer_constraints_v1_lock_pointer(
        globals->pointer_constraints, surface, pointer, NULL,
        ZWP_POINTER_CONSTRAINTS_V1_LIFETIME_PERSISTENT);
    return lock;
}

void swiftvm_pointer_lock_free(swiftvm_pointer_lock *lock) {
    zwp_locked_pointer_v1_destroy(lock->locked);
    zwp_relative_pointer_v1_destroy(lock->relative);
    g_free(lock);
}

struct swiftvm_frame {
    struct wl_callback *callback;
    void (*handler)(void *context);
    void *context;
};

static void frame_done(void *data, struct wl_callback *callback, uint32_t time) {
    struct swiftvm_frame *frame = data;
    wl_callback_destroy(callback);
    frame->callback = NULL;
    // It may free the frame.
    frame->handler(frame->context);
}

static const struct wl_callback_listener frame_listener = {frame_done};

swiftvm_frame *swiftvm_frame_request(struct wl_surface *surface, void (*handler)(void *context),
                                     void *context) {
    swiftvm_frame *frame = g_new0(swiftvm_frame, 1);
    frame->handler = handler;
    frame->context = context;
    frame->callback = wl_surface_frame(surface);
    wl_callback_add_listener(frame->callback, &frame_listener, frame);
    return frame;
}

void swiftvm_frame_free(swiftvm_frame *frame) {
    if (frame->callback) wl_callback_destroy(frame->callback);
    g_free(frame);
}

struct swiftvm_subsurface {
    struct wl_compositor *compositor;
    struct wl_surface *surface;
    struct wl_subsurface *role;
    struct wl_egl_window *window;
};

swiftvm_subsurface *swiftvm_subsurface_new(const swiftvm_wayland_globals *globals, GdkWindow *window) {
    struct wl_compositor *compositor =
        gdk_wayland_display_get_wl_compositor(gdk_window_get_display(window));
    struct wl_surface *parent = gdk_wayland_window_get_wl_surface(gdk_window_get_toplevel(window));
    if (!globals->subcompositor || !compositor || !parent) return NULL;
    struct wl_surface *surface = wl_compositor_create_surface(compositor);
    // It is given its size before EGL has it.
    struct wl_egl_window *egl_window = wl_egl_window_create(surface, 1, 1);
    if (!egl_window) {
        wl_surface_destroy(surface);
        return NULL;
    }
    struct wl_region *nothing = wl_compositor_create_region(compositor);
    wl_surface_set_input_region(surface, nothing);
    wl_region_destroy(nothing);
    swiftvm_subsurface *subsurface = g_new0(swiftvm_subsurface, 1);
    subsurface->compositor = compositor;
    subsurface->surface = surface;
    subsurface->window = egl_window;
    subsurface->role = wl_subcompositor_get_subsurface(globals->subcompositor, surface, parent);
    // GTK's popovers are subsurfaces too, and one may be there already.
    wl_subsurface_place_above(subsurface->role, parent);
    return subsurface;
}

struct wl_surface *swiftvm_subsurface_get_surface(const swiftvm_subsurface *subsurface) {
    return subsurface->surface;
}

void *swiftvm_subsurface_get_egl_window(const swiftvm_subsurface *subsurface) {
    return subsurface->window;
}

void swiftvm_subsurface_place(swiftvm_subsurface *subsurface, int x, int y, int width, int height,
                              int scale) {
    wl_subsurface_set_position(subsurface->role, x, y);
    wl_surface_set_buffer_scale(subsurface->surface, scale);
    struct wl_region *all = wl_compositor_create_region(subsurface->compositor);
    wl_region_add(all, 0, 0, width, height);
    wl_surface_set_opaque_region(subsurface->surface, all);
    wl_region_destroy(all);
    wl_egl_window_resize(subsurface->window, width * scale, height * scale, 0, 0);
}

void swiftvm_subsurface_set_synchronised(swiftvm_subsurface *subsurface, bool on) {
    if (on) {
        wl_subsurface_set_sync(subsurface->role);
    } else {
        wl_subsurface_set_desync(subsurface->role);
    }
}

void swiftvm_subsurface_free(swiftvm_subsurface *subsurface) {
    wl_egl_window_destroy(subsurface->window);
    wl_subsurface_destroy(subsurface->role);
    wl_surface_destroy(subsurface->surface);
    g_free(subsurface);
}

struct zwp_idle_inhibitor_v1 *swiftvm_idle_inhibitor_new(const swiftvm_wayland_globals *globals,
                                                         GdkWindow *window) {
    struct wl_surface *surface = gdk_wayland_window_get_wl_surface(window);
    if (!globals->idle_inhibit || !surface) return NULL;
    return zwp_idle_inhibit_manager_v1_create_inhibitor(globals->idle_inhibit, surface);
}

void swiftvm_idle_inhibitor_free(struct zwp_idle_inhibitor_v1 *inhibitor) {
    zwp_idle_inhibitor_v1_destroy(inhibitor);
}
