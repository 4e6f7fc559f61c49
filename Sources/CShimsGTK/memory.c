#include <X11/Xutil.h>
#include <X11/extensions/XShm.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "CShimsGTK.h"

struct swiftvm_x11_memory {
    Display *display;
    GdkDisplay *gdk_display;
    Visual *visual;
    int depth;
    Window window;
    GC context;
    XImage *image;
    bool is_shared;  // else the image's memory is its own, and is sent
    XShmSegmentInfo segment;
};

static const int native_order = G_BYTE_ORDER == G_LITTLE_ENDIAN ? LSBFirst : MSBFirst;

static void release(swiftvm_x11_memory *memory) {
    if (!memory->image) return;
    if (memory->is_shared) XShmDetach(memory->display, &memory->segment);
    XDestroyImage(memory->image);
    if (memory->is_shared) shmdt(memory->segment.shmaddr);
    memory->image = NULL;
}

static bool allocate_shared(swiftvm_x11_memory *memory, int width, int height) {
    memory->segment = (XShmSegmentInfo){.shmid = -1};
    XImage *image = XShmCreateImage(memory->display, memory->visual, (unsigned)memory->depth, ZPixmap,
                                    NULL, &memory->segment, (unsigned)width, (unsigned)height);
    if (!image) return false;
    int number = -1;
    if (image->bits_per_pixel == 32 && image->byte_order == native_order)
        number = shmget(IPC_PRIVATE, (size_t)image->bytes_per_line * (size_t)height, IPC_CREAT | 0600);
    char *address = number < 0 ? (char *)-1 : shmat(number, NULL, 0);
    bool works = address != (char *)-1;
    if (works) {
        memory->segment.shmid = number;
        memory->segment.shmaddr = image->data = address;
        // A server on another machine refuses it.
        gdk_x11_display_error_trap_push(memory->gdk_display);
        XShmAttach(memory->display, &memory->segment);
        XSync(memory->display, False);
        works = gdk_x11_display_error_trap_pop(memory->gdk_display) == 0;
    }
    // It lives until both have let go.
    if (number >= 0) shmctl(number, IPC_RMID, NULL);
    if (works) {
        memory->image = image;
        memory->is_shared = true;
        return true;
    }
    if (address != (char *)-1) shmdt(address);
    image->data = NULL;
    XDestroyImage(image);
    return false;
}

// Where the system has no more shared memory, or none so large.
static bool allocate_own(swiftvm_x11_memory *memory, int width, int height) {
    XImage *image = XCreateImage(memory->display, memory->visual, (unsigned)memory->depth, ZPixmap, 0,
                                 NULL, (unsigned)width, (unsigned)height, 32, 0);
    if (!image) return false;
    image->byte_order = native_order;
    if (image->bits_per_pixel == 32)
        image->data = calloc((size_t)height, (size_t)image->bytes_per_line);
    if (!image->data) {
        XDestroyImage(image);
        return false;
    }
    memory->image = image;
    memory->is_shared = false;
    return true;
}

// Without a window yet: for a probe.
static bool setup(swiftvm_x11_memory *memory, GdkDisplay *display, GdkVisual *visual) {
    *memory = (swiftvm_x11_memory){.display = gdk_x11_display_get_xdisplay(display),
                                   .gdk_display = display,
                                   .visual = gdk_x11_visual_get_xvisual(visual),
                                   .depth = gdk_visual_get_depth(visual)};
    Visual *xvisual = memory->visual;
    return XShmQueryExtension(memory->display) && (memory->depth == 24 || memory->depth == 32) &&
           xvisual->red_mask == 0xFF0000 && xvisual->green_mask == 0xFF00 && xvisual->blue_mask == 0xFF;
}

bool swiftvm_x11_memory_works(GdkDisplay *display) {
    swiftvm_x11_memory memory;
    GdkVisual *visual = gdk_screen_get_system_visual(gdk_display_get_default_screen(display));
    bool works = setup(&memory, display, visual) && allocate_shared(&memory, 16, 16);
    release(&memory);
    return works;
}

swiftvm_x11_memory *swiftvm_x11_memory_new(GdkWindow *window) {
    swiftvm_x11_memory *memory = g_new0(swiftvm_x11_memory, 1);
    if (!setup(memory, gdk_window_get_display(window), gdk_window_get_visual(window))) {
        g_free(memory);
        return NULL;
    }
    memory->window = gdk_x11_window_get_xid(window);
    memory->context = XCreateGC(memory->display, memory->window, 0, NULL);
    return memory;
}

void *swiftvm_x11_memory_pixels(swiftvm_x11_memory *memory, int width, int height, int *stride,
                                bool *is_new) {
    *is_new = !memory->image || memory->image->width != width || memory->image->height != height;
    if (*is_new) {
        release(memory);
        if (!allocate_shared(memory, width, height) && !allocate_own(memory, width, height)) return NULL;
    }
    *stride = memory->image->bytes_per_line;
    return memory->image->data;
}

void swiftvm_x11_memory_put(swiftvm_x11_memory *memory, const int32_t *rectangles, int count) {
    for (const int32_t *r = rectangles; r < rectangles + 4 * count; r += 4) {
        const int x = r[0], y = r[1];
        const unsigned width = (unsigned)r[2], height = (unsigned)r[3];
        if (memory->is_shared)
            XShmPutImage(memory->display, memory->window, memory->context, memory->image, x, y, x, y,
                         width, height, False);
        else
            XPutImage(memory->display, memory->window, memory->context, memory->image, x, y, x, y, width,
                      height);
    }
    // The server reads the memory when it gets to it; what is drawn next must not be in it before.
    XSync(memory->display, False);
}

void swiftvm_x11_memory_free(swiftvm_x11_memory *memory) {
    release(memory);
    XFreeGC(memory->display, memory->context);
    g_free(memory);
}
