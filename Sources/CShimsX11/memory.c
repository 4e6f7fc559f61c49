#include "CShimsX11.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>
#include <xcb/xcbext.h>

struct swiftvm_x11_memory {
    xcb_connection_t *connection;
    xcb_window_t window;
    xcb_gcontext_t context;
    uint8_t depth;
    bool may_share;
    bool may_attach;  // files
    int width, height;
    uint8_t *pixels;  // null before the first frame
    xcb_shm_seg_t segment;
    bool is_shared;  // else the memory is our own, and is sent
    bool awaits_reply;
    xcb_get_input_focus_cookie_t reply;
};

enum { PUT_IMAGE_HEADER = 32 };

static const uint8_t native_order =
    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? XCB_IMAGE_ORDER_LSB_FIRST : XCB_IMAGE_ORDER_MSB_FIRST;

// Errors of windows that are gone meanwhile, and events nobody asked for.
static void forget_events(swiftvm_x11_memory *memory) {
    xcb_generic_event_t *event;
    while ((event = xcb_poll_for_queued_event(memory->connection))) free(event);
}

// Whether the server has done all that was asked until the last flush.
bool swiftvm_x11_memory_settle(swiftvm_x11_memory *memory) {
    if (!memory->awaits_reply) return !xcb_connection_has_error(memory->connection);
    memory->awaits_reply = false;
    xcb_get_input_focus_reply_t *reply =
        xcb_get_input_focus_reply(memory->connection, memory->reply, NULL);
    bool is_alive = reply != NULL;
    free(reply);
    forget_events(memory);
    return is_alive;
}

bool swiftvm_x11_memory_is_settled(swiftvm_x11_memory *memory) {
    if (xcb_connection_has_error(memory->connection)) return false;
    if (!memory->awaits_reply) return true;
    void *reply = NULL;
    xcb_generic_error_t *error = NULL;
    if (!xcb_poll_for_reply(memory->connection, memory->reply.sequence, &reply, &error)) return false;
    memory->awaits_reply = false;
    bool is_alive = reply != NULL;
    free(reply);
    free(error);
    forget_events(memory);
    return is_alive;
}

bool swiftvm_x11_memory_is_connected(swiftvm_x11_memory *memory) {
    return !xcb_connection_has_error(memory->connection);
}

static void release(swiftvm_x11_memory *memory) {
    swiftvm_x11_memory_settle(memory);
    if (!memory->pixels) return;
    if (memory->is_shared) {
        xcb_shm_detach(memory->connection, memory->segment);
        shmdt(memory->pixels);
    } else {
        free(memory->pixels);
    }
    memory->pixels = NULL;
}

static bool succeeds(swiftvm_x11_memory *memory, xcb_void_cookie_t cookie) {
    xcb_generic_error_t *error = xcb_request_check(memory->connection, cookie);
    free(error);
    return !error && !xcb_connection_has_error(memory->connection);
}

static bool allocate_shared(swiftvm_x11_memory *memory, int width, int height) {
    int number = shmget(IPC_PRIVATE, (size_t)width * (size_t)height * 4, IPC_CREAT | 0600);
    if (number < 0) return false;
    void *address = shmat(number, NULL, 0);
    bool works = address != (void *)-1;
    if (works) {
        memory->segment = xcb_generate_id(memory->connection);
        // A server on another machine refuses it.
        works = succeeds(memory, xcb_shm_attach_checked(memory->connection, memory->segment,
                                                        (uint32_t)number, false));
        if (!works) shmdt(address);
    }
    // It lives until both have let go.
    shmctl(number, IPC_RMID, NULL);
    if (!works) return false;
    memory->pixels = address;
    memory->is_shared = true;
    return true;
}

// Where the system has no more shared memory, or none so large.
static bool allocate_own(swiftvm_x11_memory *memory, int width, int height) {
    memory->pixels = calloc((size_t)height, (size_t)width * 4);
    memory->is_shared = false;
    return memory->pixels != NULL;
}

static const xcb_visualtype_t *find_visual(xcb_connection_t *connection, xcb_visualid_t identifier,
                                           uint8_t *depth) {
    for (xcb_screen_iterator_t screens = xcb_setup_roots_iterator(xcb_get_setup(connection));
         screens.rem; xcb_screen_next(&screens))
        for (xcb_depth_iterator_t depths = xcb_screen_allowed_depths_iterator(screens.data);
             depths.rem; xcb_depth_next(&depths))
            for (xcb_visualtype_iterator_t visuals = xcb_depth_visuals_iterator(depths.data);
                 visuals.rem; xcb_visualtype_next(&visuals))
                if (visuals.data->visual_id == identifier) {
                    *depth = depths.data->depth;
                    return visuals.data;
                }
    return NULL;
}

// Whether pixels of that visual are 0xXXRRGGBB numbers of this machine.
static bool fits(swiftvm_x11_memory *memory, xcb_visualid_t identifier) {
    const xcb_setup_t *setup = xcb_get_setup(memory->connection);
    const xcb_visualtype_t *visual = find_visual(memory->connection, identifier, &memory->depth);
    if (!visual || (memory->depth != 24 && memory->depth != 32) || visual->red_mask != 0xFF0000 ||
        visual->green_mask != 0xFF00 || visual->blue_mask != 0xFF ||
        setup->image_byte_order != native_order)
        return false;
    for (xcb_format_iterator_t formats = xcb_setup_pixmap_formats_iterator(setup); formats.rem;
         xcb_format_next(&formats))
        if (formats.data->depth == memory->depth) return formats.data->bits_per_pixel == 32;
    return false;
}

static swiftvm_x11_memory *connect_to(const char *display, int *screen) {
    swiftvm_x11_memory *memory = calloc(1, sizeof *memory);
    if (!memory) abort();
    memory->connection = xcb_connect(display, screen);
    if (!xcb_connection_has_error(memory->connection)) {
        const xcb_query_extension_reply_t *extension =
            xcb_get_extension_data(memory->connection, &xcb_shm_id);
        memory->may_share = extension && extension->present;
        if (!memory->may_share) return memory;
        xcb_shm_query_version_reply_t *version = xcb_shm_query_version_reply(
            memory->connection, xcb_shm_query_version(memory->connection), NULL);
        memory->may_attach = version && (version->major_version > 1 || version->minor_version >= 2);
        free(version);
        return memory;
    }
    swiftvm_x11_memory_free(memory);
    return NULL;
}

bool swiftvm_x11_memory_works(const char *display) {
    int number = 0;
    swiftvm_x11_memory *memory = connect_to(display, &number);
    if (!memory) return false;
    xcb_screen_iterator_t screens = xcb_setup_roots_iterator(xcb_get_setup(memory->connection));
    while (number-- > 0 && screens.rem > 1) xcb_screen_next(&screens);
    bool works = screens.rem && memory->may_share && fits(memory, screens.data->root_visual) &&
                 allocate_shared(memory, 16, 16);
    swiftvm_x11_memory_free(memory);
    return works;
}

swiftvm_x11_memory *swiftvm_x11_memory_new(const char *display, uint32_t window) {
    swiftvm_x11_memory *memory = connect_to(display, NULL);
    if (!memory) return NULL;
    xcb_get_window_attributes_reply_t *attributes = xcb_get_window_attributes_reply(
        memory->connection, xcb_get_window_attributes(memory->connection, window), NULL);
    bool is_usable = attributes && fits(memory, attributes->visual);
    free(attributes);
    if (is_usable) {
        memory->window = window;
        memory->context = xcb_generate_id(memory->connection);
        // A server would tell of each put whose place cannot be drawn.
        const uint32_t tells = 0;
        is_usable = succeeds(memory, xcb_create_gc_checked(memory->connection, memory->context, window,
                                                           XCB_GC_GRAPHICS_EXPOSURES, &tells));
    }
    if (is_usable) return memory;
    swiftvm_x11_memory_free(memory);
    return NULL;
}

void *swiftvm_x11_memory_pixels(swiftvm_x11_memory *memory, int width, int height, int *stride,
                                bool *is_new) {
    if (!swiftvm_x11_memory_settle(memory)) return NULL;
    *is_new = !memory->pixels || memory->width != width || memory->height != height;
    if (*is_new) {
        release(memory);
        if (!(memory->may_share && allocate_shared(memory, width, height)) &&
            !allocate_own(memory, width, height))
            return NULL;
        memory->width = width;
        memory->height = height;
    }
    *stride = width * 4;
    return memory->pixels;
}

uint32_t swiftvm_x11_memory_attach(swiftvm_x11_memory *memory, int descriptor) {
    if (!memory->may_attach) return 0;
    // It is closed with the request.
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return 0;
    xcb_shm_seg_t segment = xcb_generate_id(memory->connection);
    if (succeeds(memory, xcb_shm_attach_fd_checked(memory->connection, segment, copy, true)))
        return segment;
    // A server on another machine, or one that takes none.
    memory->may_attach = false;
    return 0;
}

void swiftvm_x11_memory_detach(swiftvm_x11_memory *memory, uint32_t attached) {
    xcb_shm_detach(memory->connection, attached);
}

void swiftvm_x11_memory_put_attached(swiftvm_x11_memory *memory, uint32_t attached, int total_width,
                                     int total_height, int x, int y, int width, int height, int to_x,
                                     int to_y) {
    xcb_shm_put_image(memory->connection, memory->window, memory->context, (uint16_t)total_width,
                      (uint16_t)total_height, (uint16_t)x, (uint16_t)y, (uint16_t)width,
                      (uint16_t)height, (int16_t)to_x, (int16_t)to_y, memory->depth,
                      XCB_IMAGE_FORMAT_Z_PIXMAP, false, attached, 0);
}

// As many whole rows as a request takes, from a copy where they are not as wide as the memory.
static void send(swiftvm_x11_memory *memory, int x, int y, int width, int height) {
    const size_t limit = (size_t)xcb_get_maximum_request_length(memory->connection) * 4 - PUT_IMAGE_HEADER;
    const size_t row_size = (size_t)width * 4;
    const int rows = (int)(limit / row_size);
    uint8_t *copy = rows > 0 ? malloc((size_t)(rows < height ? rows : height) * row_size) : NULL;
    if (!copy) return;
    for (int first = 0; first < height; first += rows) {
        const int count = height - first < rows ? height - first : rows;
        for (int row = 0; row < count; row++)
            __builtin_memcpy(copy + (size_t)row * row_size,
                             memory->pixels + ((size_t)(y + first + row) * (size_t)memory->width + (size_t)x) * 4,
                             row_size);
        xcb_put_image(memory->connection, XCB_IMAGE_FORMAT_Z_PIXMAP, memory->window, memory->context,
                      (uint16_t)width, (uint16_t)count, (int16_t)x, (int16_t)(y + first), 0,
                      memory->depth, (uint32_t)((size_t)count * row_size), copy);
    }
    free(copy);
}

void swiftvm_x11_memory_put(swiftvm_x11_memory *memory, int x, int y, int width, int height) {
    if (!memory->is_shared) return send(memory, x, y, width, height);
    xcb_shm_put_image(memory->connection, memory->window, memory->context, (uint16_t)memory->width,
                      (uint16_t)memory->height, (uint16_t)x, (uint16_t)y, (uint16_t)width,
                      (uint16_t)height, (int16_t)x, (int16_t)y, memory->depth,
                      XCB_IMAGE_FORMAT_Z_PIXMAP, false, memory->segment, 0);
}

void swiftvm_x11_memory_flush(swiftvm_x11_memory *memory) {
    // The server reads the memory when it gets to it; its answer to this comes after that.
    memory->reply = xcb_get_input_focus(memory->connection);
    memory->awaits_reply = true;
    xcb_flush(memory->connection);
}

void swiftvm_x11_memory_free(swiftvm_x11_memory *memory) {
    if (!xcb_connection_has_error(memory->connection)) release(memory);
    else if (memory->pixels && memory->is_shared) shmdt(memory->pixels);
    else free(memory->pixels);
    xcb_disconnect(memory->connection);
    free(memory);
}
