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

struct swiftvm_egl_surface {
    struct wl_surface *surface;
    struct wl_egl_window *window;
};

swiftvm_egl_surface *swiftvm_egl_surface_new(GdkDisplay *display) {
    struct wl_compositor *compositor = gdk_wayland_display_get_wl_compositor(display);
    if (!compositor) return NULL;
    struct wl_surface *surface = wl_compositor_create_surface(compositor);
    // It is given its size before EGL has it.
    struct wl_egl_window *window = wl_egl_window_create(surface, 1, 1);
    if (!window) {
        wl_surface_destroy(surface);
        return NULL;
    }
    swiftvm_egl_surface *made = g_new0(swiftvm_egl_surface, 1);
    made->surface = surface;
    made->window = window;
    return made;
}

void *swiftvm_egl_surface_get_window(const swiftvm_egl_surface *surface) {
    return surface->window;
}

void swiftvm_egl_surface_free(swiftvm_egl_surface *surface) {
    wl_egl_window_destroy(surface->window);
    wl_surface_destroy(surface->surface);
    g_free(surface);
}

struct swiftvm_subsurface {
    struct wl_compositor *compositor;
    swiftvm_egl_surface *base;
    struct wl_subsurface *role;
    // Held: GDK's toplevel, and the clock on which it draws.
    GdkWindow *toplevel;
    GdkFrameClock *clock;
    gulong after_paint;
    bool drawn;
};

// GDK asks for a frame of our surface too, and may have committed the window just now. The wish for the frame is part of a commit, which is ours to make; in synchronised mode it
// would wait for a commit of the window, and that for the frame. Not while a new scale waits for a buffer that fits it.
static void after_paint(GdkFrameClock *clock, gpointer context) {
    swiftvm_subsurface *subsurface = context;
    if (!subsurface->drawn) return;
    wl_subsurface_set_desync(subsurface->role);
    wl_surface_commit(subsurface->base->surface);
}

swiftvm_subsurface *swiftvm_subsurface_new(const swiftvm_wayland_globals *globals, GdkWindow *window) {
    GdkDisplay *display = gdk_window_get_display(window);
    GdkWindow *toplevel = gdk_window_get_toplevel(window);
    struct wl_surface *parent = gdk_wayland_window_get_wl_surface(toplevel);
    if (!globals->subcompositor || !parent) return NULL;
    swiftvm_egl_surface *base = swiftvm_egl_surface_new(display);
    if (!base) return NULL;
    swiftvm_subsurface *subsurface = g_new0(swiftvm_subsurface, 1);
    subsurface->compositor = gdk_wayland_display_get_wl_compositor(display);
    subsurface->base = base;
    struct wl_region *nothing = wl_compositor_create_region(subsurface->compositor);
    wl_surface_set_input_region(base->surface, nothing);
    wl_region_destroy(nothing);
    subsurface->role =
        wl_subcompositor_get_subsurface(globals->subcompositor, base->surface, parent);
    // GTK's popovers are subsurfaces too, and one may be there already.
    wl_subsurface_place_above(subsurface->role, parent);
    // A compositor may ask for no frame of a window that is all covered (mutter, wlroots), and GDK's clock, which stands still until then, would for good: no layout, no motion of
    // the pointer. GDK goes on with the first frame that comes, whichever surface it is for.
    subsurface->toplevel = g_object_ref(toplevel);
    subsurface->clock = g_object_ref(gdk_window_get_frame_clock(toplevel));
    gdk_wayland_window_add_frame_callback_surface(toplevel, base->surface);
    subsurface->after_paint = g_signal_connect_after(subsurface->clock, "after-paint",
                                                     G_CALLBACK(after_paint), subsurface);
    return subsurface;
}

struct wl_surface *swiftvm_subsurface_get_surface(const swiftvm_subsurface *subsurface) {
    return subsurface->base->surface;
}

void *swiftvm_subsurface_get_egl_window(const swiftvm_subsurface *subsurface) {
    return subsurface->base->window;
}

void swiftvm_subsurface_place(swiftvm_subsurface *subsurface, int x, int y, int width, int height,
                              int scale) {
    subsurface->drawn = false;
    wl_subsurface_set_position(subsurface->role, x, y);
    wl_surface_set_buffer_scale(subsurface->base->surface, scale);
    struct wl_region *all = wl_compositor_create_region(subsurface->compositor);
    wl_region_add(all, 0, 0, width, height);
    wl_surface_set_opaque_region(subsurface->base->surface, all);
    wl_region_destroy(all);
    wl_egl_window_resize(subsurface->base->window, width * scale, height * scale, 0, 0);
}

void swiftvm_subsurface_set_drawn(swiftvm_subsurface *subsurface) {
    subsurface->drawn = true;
}

void swiftvm_subsurface_set_synchronised(swiftvm_subsurface *subsurface, bool on) {
    if (on) {
        wl_subsurface_set_sync(subsurface->role);
    } else {
        wl_subsurface_set_desync(subsurface->role);
    }
}

static void window_unused(void *data, struct wl_callback *callback, uint32_t serial) {
    wl_callback_destroy(callback);
    g_object_unref(data);
}

static const struct wl_callback_listener unused_listener = {window_unused};

void swiftvm_subsurface_free(swiftvm_subsurface *subsurface) {
    g_signal_handler_disconnect(subsurface->clock, subsurface->after_paint);
    g_object_unref(subsurface->clock);
    // GDK keeps the bare pointer.
    gdk_wayland_window_remove_frame_callback_surface(subsurface->toplevel,
                                                     subsurface->base->surface);
    struct wl_display *display =
        gdk_wayland_display_get_wl_display(gdk_window_get_display(subsurface->toplevel));
    wl_subsurface_destroy(subsurface->role);
    swiftvm_egl_surface_free(subsurface->base);
    // GDK does not forget the frame that it asked of the surface; with its window, it may be on its way here until the compositor has answered.
    wl_callback_add_listener(wl_display_sync(display), &unused_listener, subsurface->toplevel);
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
