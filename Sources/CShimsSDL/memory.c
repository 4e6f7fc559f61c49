// A Wayland window's pictures in shared memory.
#define _GNU_SOURCE
#include "CShimsSDL.h"

#include <SDL.h>
#include <SDL_syswm.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wayland-client.h>

typedef struct {
    struct wl_buffer *buffer;
    void *pixels;
    size_t length;
    int width, height;
    bool is_busy;
    // Counts up with each commit, so that the oldest can be told.
    uint64_t committed;
} picture;

struct swiftvm_sdl_memory {
    struct wl_surface *surface;
    struct wl_shm *shm;
    picture pictures[SWIFTVM_SDL_PICTURES];
    int current;
    uint64_t commits;
};

static void released(void *data, struct wl_buffer *buffer)
{
    (void)buffer;
    ((picture *)data)->is_busy = false;
}

static const struct wl_buffer_listener buffer_listener = {.release = released};

static void global(void *data, struct wl_registry *registry, uint32_t name, const char *interface,
                   uint32_t version)
{
    (void)version;
    struct wl_shm **shm = data;
    if (!*shm && strcmp(interface, wl_shm_interface.name) == 0)
        *shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
}

static void global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
    (void)data;
    (void)registry;
    (void)name;
}

static const struct wl_registry_listener registry_listener = {global, global_remove};

// On a queue of its own, so that no event of SDL's is handled in between.
static struct wl_shm *bind_shm(struct wl_display *display)
{
    struct wl_shm *shm = NULL;
    struct wl_event_queue *queue = wl_display_create_queue(display);
    if (!queue)
        return NULL;
    struct wl_display *wrapper = wl_proxy_create_wrapper(display);
    if (wrapper) {
        wl_proxy_set_queue((struct wl_proxy *)wrapper, queue);
        struct wl_registry *registry = wl_display_get_registry(wrapper);
        wl_proxy_wrapper_destroy(wrapper);
        if (registry) {
            wl_registry_add_listener(registry, &registry_listener, &shm);
            wl_display_roundtrip_queue(display, queue);
            wl_registry_destroy(registry);
        }
    }
    // Buffers made with it tell of their release on SDL's queue.
    if (shm)
        wl_proxy_set_queue((struct wl_proxy *)shm, NULL);
    wl_event_queue_destroy(queue);
    return shm;
}

swiftvm_sdl_memory *swiftvm_sdl_memory_new(struct SDL_Window *window)
{
    SDL_SysWMinfo info;
    SDL_VERSION(&info.version);
    if (!SDL_GetWindowWMInfo(window, &info) || info.subsystem != SDL_SYSWM_WAYLAND)
        return NULL;
    swiftvm_sdl_memory *memory = calloc(1, sizeof *memory);
    if (!memory)
        return NULL;
    memory->surface = info.info.wl.surface;
    memory->shm = bind_shm(info.info.wl.display);
    if (!memory->shm) {
        free(memory);
        return NULL;
    }
    return memory;
}

static void drop(picture *dropped)
{
    if (dropped->buffer)
        wl_buffer_destroy(dropped->buffer);
    if (dropped->pixels)
        munmap(dropped->pixels, dropped->length);
    *dropped = (picture){0};
}

static bool make(struct wl_shm *shm, picture *made, int width, int height)
{
    size_t length = (size_t)width * 4 * (size_t)height;
    // wl_shm counts in 32 bits.
    if (width <= 0 || height <= 0 || length > INT32_MAX)
        return false;
    int fd = memfd_create("swiftvm-window", MFD_CLOEXEC);
    if (fd < 0)
        return false;
    void *pixels = MAP_FAILED;
    if (ftruncate(fd, (off_t)length) == 0)
        pixels = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (pixels == MAP_FAILED) {
        close(fd);
        return false;
    }
    struct wl_shm_pool *pool = wl_shm_create_pool(shm, fd, (int32_t)length);
    close(fd);
    struct wl_buffer *buffer =
        pool ? wl_shm_pool_create_buffer(pool, 0, width, height, width * 4, WL_SHM_FORMAT_XRGB8888)
             : NULL;
    if (pool)
        wl_shm_pool_destroy(pool);
    if (!buffer) {
        munmap(pixels, length);
        return false;
    }
    *made = (picture){
        .buffer = buffer, .pixels = pixels, .length = length, .width = width, .height = height};
    wl_buffer_add_listener(buffer, &buffer_listener, made);
    return true;
}

void *swiftvm_sdl_memory_begin(swiftvm_sdl_memory *memory, int width, int height, int *stride,
                               int *index, bool *is_new)
{
    int best = -1, empty = -1, oldest = 0;
    for (int i = 0; i < SWIFTVM_SDL_PICTURES; i++) {
        picture *each = &memory->pictures[i];
        if (each->buffer && !each->is_busy && (each->width != width || each->height != height))
            drop(each);
        if (!each->buffer)
            empty = empty < 0 ? i : empty;
        else if (!each->is_busy &&
                 (best < 0 || each->committed > memory->pictures[best].committed))
            // The newest needs the least to be drawn anew.
            best = i;
        if (each->committed < memory->pictures[oldest].committed)
            oldest = i;
    }
    *is_new = best < 0;
    if (best < 0) {
        best = empty >= 0 ? empty : oldest;
        drop(&memory->pictures[best]);
        if (!make(memory->shm, &memory->pictures[best], width, height))
            return NULL;
    }
    memory->current = best;
    *index = best;
    *stride = width * 4;
    return memory->pictures[best].pixels;
}

void swiftvm_sdl_memory_commit(swiftvm_sdl_memory *memory, const int *rects, int count)
{
    picture *shown = &memory->pictures[memory->current];
    if (!shown->buffer)
        return;
    shown->is_busy = true;
    shown->committed = ++memory->commits;
    wl_surface_attach(memory->surface, shown->buffer, 0, 0);
    if (wl_surface_get_version(memory->surface) >= WL_SURFACE_DAMAGE_BUFFER_SINCE_VERSION) {
        for (int i = 0; i < count; i++, rects += 4)
            wl_surface_damage_buffer(memory->surface, rects[0], rects[1], rects[2], rects[3]);
    } else {
        wl_surface_damage(memory->surface, 0, 0, INT32_MAX, INT32_MAX);
    }
    wl_surface_commit(memory->surface);
}

void swiftvm_sdl_memory_free(swiftvm_sdl_memory *memory)
{
    for (int i = 0; i < SWIFTVM_SDL_PICTURES; i++)
        drop(&memory->pictures[i]);
    wl_shm_destroy(memory->shm);
    free(memory);
}
